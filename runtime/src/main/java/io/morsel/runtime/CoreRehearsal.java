package io.morsel.runtime;

import io.morsel.containerd.RawCalls;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.containers.ListContainersRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.ListContentRequest;
import io.morsel.containerd.api.content.ListStatusesRequest;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.WriteAction;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.images.DeleteImageRequest;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.images.ListImagesRequest;
import io.morsel.containerd.api.introspection.IntrospectionGrpc;
import io.morsel.containerd.api.introspection.PluginsRequest;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.namespaces.GetNamespaceRequest;
import io.morsel.containerd.api.namespaces.NamespacesGrpc;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.tasks.ListTasksRequest;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.transfer.TransferGrpc;
import io.morsel.containerd.api.transfer.TransferRequest;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.containerd.api.transfertypes.OCIRegistry;
import io.morsel.containerd.api.transfertypes.UnpackConfiguration;
import io.morsel.containerd.api.version.VersionGrpc;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.snapshotter.ConfigException;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import io.morsel.snapshotter.WarmUpLayer;
import io.morsel.snapshotter.WarmUpRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Takes a core once through what clients need of it, in a temporary directory, for the virtual
 * machine to record which classes that takes: what {@code WarmUp#rehearse} is for the snapshotter.
 */
public final class CoreRehearsal {
  private static final int ROUNDS = 2;
  private static final int STARTS = 1;
  private static final String NAMESPACE = "rehearsal";

  /** Of the content "hello". */
  private static final String DIGEST =
      "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  private final Path directory;
  private final CoreSettings settings;

  private CoreRehearsal(Path directory, CoreSettings settings) {
    this.directory = directory;
    this.settings = settings;
  }

  /**
   * Goes through a core's start, a lazy pull, containers and the core's restart.
   *
   * @param config what of it is not about places is used
   * @throws IOException if something can't be done here that a core has to do
   */
  public static void run(MorselConfig config, String version, String revision)
      throws IOException, InterruptedException {
    run(Files.createTempDirectory("morsel-record").toRealPath(), config, version, revision);
  }

  /** As above, in this directory, which is deleted. */
  static void run(Path directory, MorselConfig config, String version, String revision)
      throws IOException, InterruptedException {
    try {
      CoreSettings settings =
          new CoreSettings(
              directory.resolve("root"),
              directory.resolve("state"),
              directory.resolve("s"),
              readBack(directory, config),
              version,
              revision);
      CoreRehearsal rehearsal = new CoreRehearsal(directory, settings);
      Path scratch = Files.createDirectory(directory.resolve("scratch"));
      try (WarmUpRegistry registry = WarmUpRegistry.start(WarmUpLayer.image(scratch), scratch)) {
        for (int round = 0; round < ROUNDS; round++) {
          rehearsal.goThrough(registry, round == ROUNDS - 1);
        }
      }
    } finally {
      delete(directory);
    }
  }

  /** By way of a file, since most cores read one. */
  private static MorselConfig readBack(Path directory, MorselConfig config) throws IOException {
    Path file = directory.resolve("config.toml");
    Files.writeString(
        file,
        config
            .with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0")
            .with(ConfigKeys.FETCH_BACKGROUND_FILL, false)
            .with(ConfigKeys.PROFILE_FROM_REGISTRY, true)
            .with(ConfigKeys.REGISTRY_RETRIES, 0L)
            // A mirror for every registry would be asked for an image that only this machine has.
            .with(ConfigKeys.REGISTRY_CONFIG_PATH, "")
            .with(ConfigKeys.REGISTRY_DOCKER_CONFIG, directory.toString())
            .toToml());
    try {
      return MorselConfig.load(file);
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void goThrough(WarmUpRegistry registry, boolean last)
      throws IOException, InterruptedException {
    String reference = registry.reference();
    try (Core core = Core.start(settings);
        RawCalls calls =
            RawCalls.open(settings.address(), Map.of("containerd-namespace", NAMESPACE))) {
      if (core.metricsAddress().isPresent()) {
        scrape(core.metricsAddress().get());
      }
      lookAround(calls);
      pull(calls, reference);
      container(calls, reference);
      new RunRehearsal(directory, settings.address(), NAMESPACE).run(reference, DIGEST);
      StartRehearsal starts =
          new StartRehearsal(directory, settings.address(), NAMESPACE, registry, false);
      for (int i = 0; i < STARTS; i++) {
        starts.run(i + (last ? STARTS : 0));
      }
      // Otherwise the layer is mounted again by the next start.
      if (last) {
        end(calls, reference);
      }
    }
  }

  private static void lookAround(RawCalls calls) throws IOException {
    calls.call(VersionGrpc.getVersionMethod(), com.google.protobuf.Empty.getDefaultInstance());
    calls.call(
        IntrospectionGrpc.getPluginsMethod(),
        PluginsRequest.newBuilder().addFilters("type==io.containerd.snapshotter.v1").build());
    calls.call(
        NamespacesGrpc.getGetMethod(), GetNamespaceRequest.newBuilder().setName(NAMESPACE).build());
    calls.call(ContainersGrpc.getListMethod(), ListContainersRequest.getDefaultInstance());
    calls.call(ImagesGrpc.getListMethod(), ListImagesRequest.getDefaultInstance());
    calls.call(TasksGrpc.getListMethod(), ListTasksRequest.getDefaultInstance());
    calls.call(ContentGrpc.getListStatusesMethod(), ListStatusesRequest.getDefaultInstance());
    calls.call(LeasesGrpc.getCreateMethod(), CreateRequest.newBuilder().setId("l").build());
    calls.call(
        ContentGrpc.getWriteMethod(),
        WriteContentRequest.newBuilder()
            .setAction(WriteAction.COMMIT)
            .setRef("rehearsal")
            .setTotal(5)
            .setData(com.google.protobuf.ByteString.copyFrom("hello", StandardCharsets.UTF_8))
            .putLabels("containerd.io/gc.ref.content.x", "sha256:none")
            // Read later.
            .putLabels("containerd.io/gc.root", "now")
            .build());
    calls.call(ContentGrpc.getListMethod(), ListContentRequest.getDefaultInstance());
    calls.call(
        LeasesGrpc.getDeleteMethod(), DeleteRequest.newBuilder().setId("l").setSync(true).build());
  }

  private void pull(RawCalls calls, String reference) throws IOException {
    calls.call(
        TransferGrpc.getTransferMethod(),
        TransferRequest.newBuilder()
            .setSource(TypeUrls.pack(OCIRegistry.newBuilder().setReference(reference).build()))
            .setDestination(
                TypeUrls.pack(
                    ImageStore.newBuilder()
                        .setName(reference)
                        .addUnpacks(UnpackConfiguration.newBuilder().setSnapshotter("morsel"))
                        .build()))
            .build());
    try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
      if (mounts.noneMatch(mount -> mount.contains(" " + directory + "/"))) {
        throw new IOException("the layer was not mounted; the log says why");
      }
    }
    calls.call(ImagesGrpc.getGetMethod(), GetImageRequest.newBuilder().setName(reference).build());
  }

  private void container(RawCalls calls, String reference)
      throws IOException, InterruptedException {
    calls.call(
        SnapshotsGrpc.getListMethod(),
        ListSnapshotsRequest.newBuilder().setSnapshotter("morsel").build());
    calls.call(
        SnapshotsGrpc.getStatMethod(),
        StatSnapshotRequest.newBuilder().setSnapshotter("morsel").setKey("none").build());
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder().setSnapshotter("morsel").setKey("c").build());
    calls.call(
        SnapshotsGrpc.getMountsMethod(),
        MountsRequest.newBuilder().setSnapshotter("morsel").setKey("c").build());
    Container container =
        Container.newBuilder()
            .setId("c")
            .setImage(reference)
            .setSnapshotter("morsel")
            .setSnapshotKey("c")
            .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"))
            .setSpec(com.google.protobuf.Any.newBuilder().setTypeUrl("spec"))
            .build();
    calls.call(
        ContainersGrpc.getCreateMethod(),
        CreateContainerRequest.newBuilder().setContainer(container).build());
    calls.call(ContainersGrpc.getGetMethod(), GetContainerRequest.newBuilder().setId("c").build());
    calls.call(ContentGrpc.getInfoMethod(), InfoRequest.newBuilder().setDigest(DIGEST).build());
    calls.call(
        ContentGrpc.getReadMethod(), ReadContentRequest.newBuilder().setDigest(DIGEST).build());
    WarmUpLayer.read(directory);
    calls.call(
        ContainersGrpc.getDeleteMethod(), DeleteContainerRequest.newBuilder().setId("c").build());
    calls.call(
        SnapshotsGrpc.getRemoveMethod(),
        RemoveSnapshotRequest.newBuilder().setSnapshotter("morsel").setKey("c").build());
  }

  private static void end(RawCalls calls, String reference) throws IOException {
    calls.call(
        ImagesGrpc.getDeleteMethod(),
        DeleteImageRequest.newBuilder().setName(reference).setSync(true).build());
  }

  private static void scrape(InetSocketAddress address) throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + address.getPort() + "/metrics");
    try (InputStream in = uri.toURL().openStream()) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }

  /** Nothing is mounted below it any more: the core has ended in good order. */
  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList().reversed()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
