package io.morsel.cli.run;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.Lease;
import io.morsel.cli.pull.ImageUnpack;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.shim.runc.Options;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.types.Mount;
import io.morsel.registry.Platform;
import io.morsel.runtime.cni.Cni;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.container.ContainerLabels;
import io.morsel.runtime.linux.MountEntry;
import io.morsel.runtime.linux.SnapshotFiles;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.ContainerSpec;
import io.morsel.runtime.oci.Host;
import io.morsel.runtime.oci.Identity;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.UserDatabase;
import io.morsel.runtime.restart.RestartLabels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Makes a container of an image that is there, as containerd's own client makes one: the snapshot
 * has the container's name, and a lease holds it until the container does. Used by one thread.
 */
final class ContainerCreation {
  /**
   * Labels that only this program gives a container, and those by which its user has it started
   * again; an image has no say in them.
   */
  private static final List<String> OWN_LABELS = List.of("io.morsel.", RestartLabels.PREFIX);

  private static final String STOP_SIGNAL_LABEL = "io.containerd.image.config.stop-signal";
  private static final String SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
  private static final String RUNC_OPTIONS_TYPE = "containerd.runc.v1.Options";
  private static final String RUNC = "io.containerd.runc.v2";
  private static final int MAX_LABEL_BYTES = 4096;

  private final CoreClient client;
  private final ContainerPlan plan;
  private final boolean servesLayers;

  /**
   * Makes one in a core.
   *
   * @param servesLayers whether this very process serves the layers of the core's snapshots
   */
  ContainerCreation(CoreClient client, ContainerPlan plan, boolean servesLayers) {
    this.client = client;
    this.plan = plan;
    this.servesLayers = servesLayers;
  }

  /**
   * Makes it.
   *
   * @param undo takes it away again where the caller does not keep it
   * @return what its root filesystem is made of
   * @throws StatusException if the core refuses something, with ALREADY_EXISTS also where there is
   *     a container, or a snapshot, of the name
   * @throws SpecException if the image has not got what is asked for
   */
  List<Mount> create(CoreImage image, Undo undo)
      throws StatusException, IOException, InterruptedException, SpecException {
    try (Lease lease = Lease.create(client, "run")) {
      List<Mount> rootfs =
          SnapshotsGrpc.newBlockingV2Stub(lease.channel())
              .prepare(
                  PrepareSnapshotRequest.newBuilder()
                      .setSnapshotter(plan.image().snapshotter())
                      .setKey(plan.id())
                      .setParent(ImageUnpack.chainId(image.config()))
                      .build())
              .getMountsList();
      addSnapshot(undo);
      Container container =
          Container.newBuilder()
              .setId(plan.id())
              .setImage(image.name())
              .setSnapshotter(plan.image().snapshotter())
              .setSnapshotKey(plan.id())
              .putAllLabels(labels(image))
              .setRuntime(runtime())
              .setSpec(spec(image, rootfs))
              .build();
      var _ =
          ContainersGrpc.newBlockingV2Stub(lease.channel())
              .create(CreateContainerRequest.newBuilder().setContainer(container).build());
      addContainer(undo);
      return rootfs;
    }
  }

  /** The container and its snapshot are there: {@code undo} takes them away. */
  void adopt(Undo undo) {
    addSnapshot(undo);
    addContainer(undo);
  }

  private void addSnapshot(Undo undo) {
    undo.add(
        "remove snapshot '" + plan.id() + "'",
        () -> {
          var _ =
              client
                  .snapshots()
                  .remove(
                      RemoveSnapshotRequest.newBuilder()
                          .setSnapshotter(plan.image().snapshotter())
                          .setKey(plan.id())
                          .build());
        });
  }

  private void addContainer(Undo undo) {
    undo.add(
        "delete container '" + plan.id() + "'",
        () -> {
          var _ =
              client
                  .containers()
                  .delete(DeleteContainerRequest.newBuilder().setId(plan.id()).build());
        });
  }

  private Container.Runtime runtime() {
    Container.Runtime.Builder runtime =
        Container.Runtime.newBuilder().setName(plan.runtime().name());
    if (plan.runtime().name().equals(RUNC)) {
      Options.Builder options = Options.newBuilder();
      plan.runtime().binary().ifPresent(options::setBinaryName);
      runtime.setOptions(
          Any.newBuilder().setTypeUrl(RUNC_OPTIONS_TYPE).setValue(options.build().toByteString()));
    }
    return runtime.build();
  }

  private Map<String, String> labels(CoreImage image) {
    Map<String, String> labels = new LinkedHashMap<>();
    image
        .settings()
        .labels()
        .forEach(
            (key, value) -> {
              // An image may say more than a label can hold, and nothing about what only this
              // program knows, such as where the log is.
              if (key.length() + value.length() <= MAX_LABEL_BYTES
                  && OWN_LABELS.stream().noneMatch(key::startsWith)) {
                labels.put(key, value);
              }
            });
    String stopSignal = image.settings().stopSignal();
    labels.put(
        STOP_SIGNAL_LABEL,
        plan.runtime().stopSignal().orElse(stopSignal.isEmpty() ? "SIGTERM" : stopSignal));
    labels.put(ContainerLabels.NETWORK, plan.network().label());
    if (plan.network() instanceof NetworkChoice.Bridge(List<PortMapping> ports)
        && !ports.isEmpty()) {
      labels.put(
          ContainerLabels.PORTS,
          ports.stream().map(PortMapping::toString).collect(Collectors.joining(",")));
    }
    plan.logFile().ifPresent(file -> labels.put(ContainerLabels.LOG, file.toString()));
    labels.putAll(plan.labels());
    return labels;
  }

  private Any spec(CoreImage image, List<Mount> rootfs)
      throws IOException, InterruptedException, SpecException {
    ContainerOptions given = plan.options();
    ContainerOptions options =
        new ContainerOptions(
            given.process(),
            given.isolation(),
            network(),
            given.mounts(),
            given.limits(),
            given.annotations());
    List<MountEntry> mounts =
        rootfs.stream()
            .map(
                mount -> new MountEntry(mount.getType(), mount.getSource(), mount.getOptionsList()))
            .toList();
    List<String> databases = List.of(UserDatabase.PASSWD, UserDatabase.GROUP);
    Map<String, byte[]> files =
        servesLayers
            ? SnapshotFiles.read(mounts, databases)
            : SnapshotFiles.readServed(mounts, databases);
    Identity identity =
        UserDatabase.parse(
                files.getOrDefault(UserDatabase.PASSWD, new byte[0]),
                files.getOrDefault(UserDatabase.GROUP, new byte[0]))
            .find(options.process().user().orElse(image.settings().user()));
    Host host = Host.read(Platform.current().architecture(), options.isolation().privileged());
    String json =
        new ContainerSpec(client.namespace(), plan.id(), image.settings(), options, identity, host)
            .toJson()
            .toString();
    return Any.newBuilder()
        .setTypeUrl(SPEC_TYPE)
        .setValue(ByteString.copyFrom(json, StandardCharsets.UTF_8))
        .build();
  }

  private ContainerOptions.Network network() throws IOException {
    if (plan.network() instanceof NetworkChoice.Bridge) {
      Cni cni = Cni.standard();
      return new ContainerOptions.Network.Joined(
          cni.namespaceFile(client.namespace(), plan.id()).toString(),
          cni.resolvConfFile(client.namespace(), plan.id()).toString());
    }
    return plan.network() instanceof NetworkChoice.Host
        ? new ContainerOptions.Network.Host()
        : new ContainerOptions.Network.None();
  }
}
