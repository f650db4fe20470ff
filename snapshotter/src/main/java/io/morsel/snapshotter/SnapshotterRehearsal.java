package io.morsel.snapshotter;

import io.morsel.containerd.RawCalls;
import io.morsel.containerd.api.snapshots.CleanupRequest;
import io.morsel.containerd.api.snapshots.CommitSnapshotRequest;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.snapshots.UsageRequest;
import io.morsel.fuse.Mountinfo;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * What containerd needs of a snapshotter until a container runs, gone through in a daemon within
 * the process, on a socket of its own: an image is pulled from a registry on loopback, mounted,
 * read and removed.
 */
public final class SnapshotterRehearsal {
  private static final int REHEARSALS = 10;
  private static final long PROFILE_MILLIS = 10_000;

  /** How often what serves every call is gone through, so that it is compiled. */
  private static final int CALLS = 100;

  /** How often what was fetched is read again: a start reads some thousand pages. */
  private static final int READS = 8;

  /** How often what makes a container's snapshot is gone through. */
  private static final int CONTAINERS = 20;

  /** How often a layer is indexed. */
  private static final int INDEXES = 2;

  /** How often everything is gone through once it is compiled. */
  private static final int FEW = 2;

  /** What containerd calls while a container waits. */
  private static final Set<String> URGENT =
      Set.of(
          SnapshotsGrpc.getPrepareMethod().getFullMethodName(),
          SnapshotsGrpc.getViewMethod().getFullMethodName(),
          SnapshotsGrpc.getMountsMethod().getFullMethodName(),
          SnapshotsGrpc.getCommitMethod().getFullMethodName());

  private final Path directory;
  private final MorselConfig config;
  private final String version;

  private SnapshotterRehearsal(
      Path directory, MorselConfig config, String metricsAddress, String version) {
    this.directory = directory;
    this.config = configuration(directory, config).with(ConfigKeys.METRICS_ADDRESS, metricsAddress);
    this.version = version;
  }

  /**
   * The same configuration for a daemon that rehearses: it keeps to its directory, and asks only
   * the registry that it is given.
   */
  public static MorselConfig configuration(Path directory, MorselConfig config) {
    return config
        .with(ConfigKeys.ROOT, directory.resolve("root"))
        .with(ConfigKeys.ADDRESS, directory.resolve("s"))
        .with(ConfigKeys.METRICS_ADDRESS, "")
        .with(ConfigKeys.WARM_UP, false)
        .with(ConfigKeys.FETCH_BACKGROUND_FILL, false)
        // What is missed is to be missed one by one.
        .with(ConfigKeys.FETCH_READ_AHEAD_BYTES, 0L)
        .with(ConfigKeys.PROFILE_FROM_REGISTRY, true)
        .with(ConfigKeys.PROFILE_REPLAY, true)
        .with(ConfigKeys.REGISTRY_RETRIES, 0L)
        // A mirror for every registry would be asked for an image that only this machine has.
        .with(ConfigKeys.REGISTRY_CONFIG_PATH, directory.resolve("certs.d").toString())
        .with(ConfigKeys.REGISTRY_DOCKER_CONFIG, directory.toString());
  }

  /** The warm-up of a daemon, below its root. */
  static WarmUp warmUp(Path root, MorselConfig config, String version) {
    return new WarmUp(
        root,
        URGENT,
        (directory, warmUp) -> {
          try (WarmUpRegistry registry =
              WarmUpRegistry.start(WarmUpLayer.image(directory), directory)) {
            SnapshotterRehearsal rehearsal =
                new SnapshotterRehearsal(directory, config, "", version);
            rehearsal.goThrough(registry, 0, Times.MANY, warmUp);
            warmUp.checkNotStopped();
            warmUp.buildIndexes(directory, INDEXES);
            IdleMemory.collect();
            // After a collection the virtual machine looks at whatever is called for the first
            // time, which took a tenth of the processor time of the first start.
            rehearsal.forget();
            rehearsal.goThrough(registry, 1, Times.FEW, warmUp);
            warmUp.buildIndexes(directory, 1);
          }
        });
  }

  /** How often the steps are gone through. */
  private record Times(int calls, int reads, int containers) {
    static final Times MANY = new Times(CALLS, READS, CONTAINERS);
    static final Times FEW =
        new Times(SnapshotterRehearsal.FEW, SnapshotterRehearsal.FEW, SnapshotterRehearsal.FEW);
  }

  /** What has been pulled is pulled anew. */
  private void forget() throws IOException {
    Path root = config.get(ConfigKeys.ROOT);
    for (Mountinfo mount : Mountinfo.under(root).reversed()) {
      Mountinfo.detach(mount.mountPoint());
    }
    SnapshotDirectories.deleteTree(root);
  }

  private void goThrough(WarmUpRegistry registry, int round, Times times, WarmUp warmUp)
      throws IOException, InterruptedException {
    try (Daemon daemon = Daemon.startWithin(config, version)) {
      daemon.prepareTls();
      if (daemon.metricsAddress().isPresent()) {
        scrape(daemon.metricsAddress().get());
      }
      try (RawCalls calls = RawCalls.open(daemon.address())) {
        goThrough(registry, calls, round, times, warmUp);
      }
    }
  }

  private void goThrough(
      WarmUpRegistry registry, RawCalls calls, int round, Times times, WarmUp warmUp)
      throws IOException, InterruptedException {
    String image = "image-" + round;
    String container = "container-" + round;
    String layer = mount(registry, calls, image);
    for (int i = 0; i < times.calls(); i++) {
      warmUp.checkNotStopped();
      calls.call(
          SnapshotsGrpc.getStatMethod(), StatSnapshotRequest.newBuilder().setKey(layer).build());
    }
    if (!registry.awaitProfileServed(PROFILE_MILLIS)) {
      throw new IOException("nobody asked for the profile");
    }
    prepare(calls, layer, container);
    WarmUpLayer.read(directory);
    for (int i = 0; i < times.reads(); i++) {
      warmUp.checkNotStopped();
      String another = mount(registry, calls, image + "-" + i);
      WarmUpLayer.read(directory);
      calls.call(
          SnapshotsGrpc.getRemoveMethod(),
          RemoveSnapshotRequest.newBuilder().setKey(another).build());
    }
    for (int i = 0; i < times.containers(); i++) {
      warmUp.checkNotStopped();
      String another = container + "-" + i;
      prepare(calls, layer, another);
      calls.call(
          SnapshotsGrpc.getRemoveMethod(),
          RemoveSnapshotRequest.newBuilder().setKey(another).build());
    }
    calls.call(SnapshotsGrpc.getListMethod(), ListSnapshotsRequest.newBuilder().build());
    calls.call(SnapshotsGrpc.getUsageMethod(), UsageRequest.newBuilder().setKey(container).build());
    calls.call(
        SnapshotsGrpc.getCommitMethod(),
        CommitSnapshotRequest.newBuilder().setName("done " + container).setKey(container).build());
    calls.call(
        SnapshotsGrpc.getRemoveMethod(),
        RemoveSnapshotRequest.newBuilder().setKey("done " + container).build());
    calls.call(SnapshotsGrpc.getCleanupMethod(), CleanupRequest.getDefaultInstance());
  }

  /**
   * Has the image's layers mounted.
   *
   * @return the topmost one's name
   */
  private static String mount(WarmUpRegistry registry, RawCalls calls, String image)
      throws IOException {
    String layer = "";
    for (int i = 0; i < registry.layerCount(); i++) {
      String target = image + "-layer-" + i;
      calls.call(
          SnapshotsGrpc.getPrepareMethod(),
          PrepareSnapshotRequest.newBuilder()
              .setKey("extract " + target)
              .setParent(layer)
              .putAllLabels(registry.labels(i, target))
              .build());
      layer = target;
    }
    return layer;
  }

  /** As a client does that makes a container. */
  private static void prepare(RawCalls calls, String layer, String container)
      throws IOException, InterruptedException {
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder().setKey(container).setParent(layer).build());
    calls.call(
        SnapshotsGrpc.getMountsMethod(), MountsRequest.newBuilder().setKey(container).build());
  }

  private static void scrape(InetSocketAddress address) throws IOException {
    // No client of the JDK's: a daemon has no use for one, and keeps what is recorded.
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
      socket
          .getOutputStream()
          .write("GET /metrics HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    }
  }

  /**
   * Goes through a daemon's start, some containers' and the daemon's restart, in a temporary
   * directory, for the virtual machine to record what they need of it.
   *
   * @param config what of it is not about places is used
   * @throws IOException if something can't be done here that a daemon has to do
   */
  public static void record(MorselConfig config, String version)
      throws IOException, InterruptedException {
    Path root = Files.createTempDirectory("morsel-record").toRealPath();
    try {
      Path directory = Files.createDirectory(WarmUp.directory(root));
      SnapshotterRehearsal rehearsal =
          new SnapshotterRehearsal(directory, readBack(root, config), "127.0.0.1:0", version);
      // Nobody ends it: it is only for its steps to ask.
      WarmUp warmUp = warmUp(root, config, version);
      try (WarmUpRegistry registry =
          WarmUpRegistry.start(WarmUpLayer.image(directory), directory)) {
        for (int round = 0; round < REHEARSALS; round++) {
          rehearsal.goThrough(registry, round, Times.MANY, warmUp);
        }
      }
      IdleMemory.collect();
      IdleMemory.trim();
    } finally {
      WarmUp.reconcile(root);
      SnapshotDirectories.deleteTree(root);
    }
  }

  /** The same configuration by way of a file, since most daemons read one. */
  private static MorselConfig readBack(Path root, MorselConfig config) throws IOException {
    Path file = root.resolve("config.toml");
    Files.writeString(file, config.with(ConfigKeys.ROOT, root).toToml());
    try {
      return MorselConfig.load(file);
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
