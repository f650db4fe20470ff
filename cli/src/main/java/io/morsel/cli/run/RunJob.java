package io.morsel.cli.run;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.grpc.StatusException;
import io.morsel.cli.container.ContainerLabels;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.Lease;
import io.morsel.cli.io.SignalForwarding;
import io.morsel.cli.pull.ImageUnpack;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.shim.runc.Options;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.types.Mount;
import io.morsel.registry.Platform;
import io.morsel.runtime.cni.Cni;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.linux.MountEntry;
import io.morsel.runtime.linux.SnapshotFiles;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.ContainerSpec;
import io.morsel.runtime.oci.Host;
import io.morsel.runtime.oci.Identity;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.UserDatabase;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One run of {@code morsel run}: from the image to the container's exit code.
 *
 * <p>Containers are made as containerd's own client makes them: the snapshot has the container's
 * name, and a lease holds it until the container does.
 */
public final class RunJob {
  /** Labels that only this program gives a container; an image has no say in them. */
  private static final String OWN_LABELS = "io.morsel.";

  private static final String STOP_SIGNAL_LABEL = "io.containerd.image.config.stop-signal";
  private static final String SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
  private static final String RUNC_OPTIONS_TYPE = "containerd.runc.v1.Options";
  private static final String RUNC = "io.containerd.runc.v2";
  private static final int MAX_LABEL_BYTES = 4096;
  private static final int NAME_BYTES = 6;

  /** What shells add to a signal's number for the exit code of what it ended. */
  private static final int SIGNAL_BASE = 128;

  /** How long the program's end waits for everything to be taken away. */
  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(60);

  private final RunRequest request;
  private final String version;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * A run that prints to these.
   *
   * @param version this program's version
   */
  public RunJob(RunRequest request, String version, PrintWriter out, PrintWriter err) {
    this.request = request;
    this.version = version;
    this.out = out;
    this.err = err;
  }

  /**
   * Runs the container.
   *
   * @return its exit code, or how this command ended before there was one
   */
  public int run() throws Exception {
    if (request.attachment().detach() && request.core() instanceof CoreChoice.Embedded) {
      throw CommandException.failed(
          "a detached container needs a core that outlives this command: start 'morsel core', or"
              + " name the socket of one with --address");
    }
    return Interruption.guardLocal(CLEANUP_GRACE, this::connectAndRun);
  }

  private int connectAndRun() throws Exception {
    try (CoreConnection core = CoreConnection.open(request.core(), request.namespace())) {
      Forwarding forwarding =
          new Forwarding(
              core.client(),
              Thread.currentThread(),
              core.isEmbedded()
                  ? Optional.of(request.attachment().stopTimeout())
                  : Optional.empty());
      // Never undone: what comes while the command cleans up must not change the container's exit
      // code, which is this process's.
      var _ = SignalForwarding.start(forwarding);
      try {
        return run(core.client(), forwarding);
      } catch (InterruptedException | IOException | CommandException failure) {
        int signal = forwarding.interruption();
        if (signal == 0) {
          throw failure;
        }
        // The interrupt may have come out as whatever it hit.
        return SIGNAL_BASE + signal;
      } finally {
        var _ = Thread.interrupted();
      }
    }
  }

  private int run(CoreClient client, Forwarding forwarding)
      throws CommandException, IOException, InterruptedException {
    String id = request.id().orElseGet(RunJob::randomName);
    String step = "can't look for container '" + id + "'";
    try (Undo undo = new Undo(err)) {
      requireAbsent(client, id);
      CoreImage image = new CoreImages(client, request.image(), version, err).require();
      step = "can't create container '" + id + "'";
      List<Mount> rootfs = create(client, id, image, undo);
      step = "can't connect container '" + id + "' to a network";
      connect(id, undo);
      step = "can't start container '" + id + "'";
      RunningTask task = new RunningTask(client, id, request, forwarding);
      undo.addTemporary("delete the FIFOs of container '" + id + "'", task::closeStreams);
      undo.addTemporary("end the task of container '" + id + "'", task::end);
      task.start(rootfs);
      if (request.attachment().detach()) {
        undo.forget();
        out.println(id);
        return ExitCode.OK;
      }
      step = "can't wait for container '" + id + "'";
      int exitCode = task.await();
      if (!request.attachment().remove()) {
        undo.keep();
      }
      return exitCode;
    } catch (StatusException failure) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      throw CoreClient.failed(step, failure);
    } catch (SpecException impossible) {
      throw CommandException.failed(step + ": " + impossible.getMessage(), impossible);
    }
  }

  private static String randomName() {
    byte[] bytes = new byte[NAME_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  // --- the container -----------------------------------------------------------------------------

  private static void requireAbsent(CoreClient client, String id)
      throws StatusException, CommandException {
    try {
      var _ = client.containers().get(GetContainerRequest.newBuilder().setId(id).build());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return;
      }
      throw failure;
    }
    throw CommandException.failed(
        "there is a container '"
            + id
            + "' already; remove it with 'morsel rm "
            + id
            + "', or choose another --name");
  }

  private List<Mount> create(CoreClient client, String id, CoreImage image, Undo undo)
      throws StatusException, IOException, InterruptedException, SpecException {
    String snapshotter = request.image().snapshotter();
    try (Lease lease = Lease.create(client, "run")) {
      List<Mount> mounts =
          SnapshotsGrpc.newBlockingV2Stub(lease.channel())
              .prepare(
                  PrepareSnapshotRequest.newBuilder()
                      .setSnapshotter(snapshotter)
                      .setKey(id)
                      .setParent(ImageUnpack.chainId(image.config()))
                      .build())
              .getMountsList();
      undo.add(
          "remove snapshot '" + id + "'",
          () -> {
            var _ =
                client
                    .snapshots()
                    .remove(
                        RemoveSnapshotRequest.newBuilder()
                            .setSnapshotter(snapshotter)
                            .setKey(id)
                            .build());
          });
      Container container =
          Container.newBuilder()
              .setId(id)
              .setImage(image.name())
              .setSnapshotter(snapshotter)
              .setSnapshotKey(id)
              .putAllLabels(labels(id, image))
              .setRuntime(runtime())
              .setSpec(spec(id, image, mounts))
              .build();
      var _ =
          ContainersGrpc.newBlockingV2Stub(lease.channel())
              .create(CreateContainerRequest.newBuilder().setContainer(container).build());
      undo.add(
          "delete container '" + id + "'",
          () -> {
            var _ =
                client.containers().delete(DeleteContainerRequest.newBuilder().setId(id).build());
          });
      return mounts;
    }
  }

  private Container.Runtime runtime() {
    Container.Runtime.Builder runtime =
        Container.Runtime.newBuilder().setName(request.runtime().name());
    if (request.runtime().name().equals(RUNC)) {
      Options.Builder options = Options.newBuilder();
      request.runtime().binary().ifPresent(options::setBinaryName);
      runtime.setOptions(
          Any.newBuilder().setTypeUrl(RUNC_OPTIONS_TYPE).setValue(options.build().toByteString()));
    }
    return runtime.build();
  }

  private Map<String, String> labels(String id, CoreImage image) {
    Map<String, String> labels = new LinkedHashMap<>();
    image
        .settings()
        .labels()
        .forEach(
            (key, value) -> {
              // An image may say more than a label can hold, and nothing about what only this
              // program knows, such as where the log is.
              if (key.length() + value.length() <= MAX_LABEL_BYTES && !key.startsWith(OWN_LABELS)) {
                labels.put(key, value);
              }
            });
    String stopSignal = image.settings().stopSignal();
    labels.put(
        STOP_SIGNAL_LABEL,
        request.runtime().stopSignal().orElse(stopSignal.isEmpty() ? "SIGTERM" : stopSignal));
    labels.put(ContainerLabels.NETWORK, request.network().label());
    if (request.network() instanceof NetworkChoice.Bridge(List<PortMapping> ports)
        && !ports.isEmpty()) {
      labels.put(
          ContainerLabels.PORTS,
          ports.stream().map(PortMapping::toString).collect(Collectors.joining(",")));
    }
    if (request.attachment().detach()) {
      RunningTask.logFile(request, id)
          .ifPresent(file -> labels.put(ContainerLabels.LOG, file.toString()));
    }
    labels.putAll(request.labels());
    return labels;
  }

  private Any spec(String id, CoreImage image, List<Mount> rootfs)
      throws IOException, InterruptedException, SpecException {
    ContainerOptions options = request.options();
    options =
        new ContainerOptions(
            options.process(),
            options.isolation(),
            network(id),
            options.mounts(),
            options.limits(),
            options.annotations());
    List<MountEntry> mounts =
        rootfs.stream()
            .map(
                mount -> new MountEntry(mount.getType(), mount.getSource(), mount.getOptionsList()))
            .toList();
    List<String> databases = List.of(UserDatabase.PASSWD, UserDatabase.GROUP);
    Map<String, byte[]> files =
        request.core() instanceof CoreChoice.Embedded
            ? SnapshotFiles.read(mounts, databases)
            : SnapshotFiles.readServed(mounts, databases);
    Identity identity =
        UserDatabase.parse(
                files.getOrDefault(UserDatabase.PASSWD, new byte[0]),
                files.getOrDefault(UserDatabase.GROUP, new byte[0]))
            .find(options.process().user().orElse(image.settings().user()));
    Host host = Host.read(Platform.current().architecture(), options.isolation().privileged());
    String json =
        new ContainerSpec(request.namespace(), id, image.settings(), options, identity, host)
            .toJson()
            .toString();
    return Any.newBuilder()
        .setTypeUrl(SPEC_TYPE)
        .setValue(ByteString.copyFrom(json, StandardCharsets.UTF_8))
        .build();
  }

  // --- the network -------------------------------------------------------------------------------

  private ContainerOptions.Network network(String id) throws IOException {
    if (request.network() instanceof NetworkChoice.Bridge) {
      Cni cni = Cni.standard();
      return new ContainerOptions.Network.Joined(
          cni.namespaceFile(request.namespace(), id).toString(),
          cni.resolvConfFile(request.namespace(), id).toString());
    }
    return request.network() instanceof NetworkChoice.Host
        ? new ContainerOptions.Network.Host()
        : new ContainerOptions.Network.None();
  }

  private void connect(String id, Undo undo) throws IOException, InterruptedException {
    if (!(request.network() instanceof NetworkChoice.Bridge(List<PortMapping> ports))) {
      return;
    }
    Cni cni = Cni.standard();
    var _ = cni.attach(request.namespace(), id, ports);
    String what = "take down the network of container '" + id + "'";
    Undo.Action action = () -> cni.detach(request.namespace(), id);
    if (request.attachment().detach()) {
      undo.add(what, action);
    } else {
      // The container may stay, but nothing of it runs.
      undo.addTemporary(what, action);
    }
  }
}
