package io.morsel.snapshotter;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the code once through a container's start, so that the first real one does not have to wait
 * for classes to be loaded and native calls to be linked.
 *
 * <p>A second daemon is started within the process, on a directory below the root and on a socket
 * in there; an image is pulled from a registry on loopback, mounted, read and removed. All of it is
 * thrown away: the real daemon's state, metrics and connections never know of it. The first call
 * that makes or mounts a snapshot ends it.
 */
public final class WarmUp implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  private static final String DIRECTORY = "warm-up";
  private static final int REHEARSALS = 3;
  private static final int READ_SECONDS = 10;
  private static final long PROFILE_MILLIS = 10_000;

  /** How often what serves every call is gone through, so that it is compiled. */
  private static final int CALLS = 100;

  /** How often what makes a container's snapshot is gone through. */
  private static final int CONTAINERS = 20;

  /** How often a layer is indexed. */
  private static final int INDEXES = 2;

  /** How often everything is gone through when it is compiled. */
  private static final int FEW = 2;

  /** What containerd does while a container waits; it lists and cleans up at any time. */
  private static final Set<String> URGENT =
      Set.of(
          SnapshotsGrpc.getPrepareMethod().getFullMethodName(),
          SnapshotsGrpc.getViewMethod().getFullMethodName(),
          SnapshotsGrpc.getMountsMethod().getFullMethodName(),
          SnapshotsGrpc.getCommitMethod().getFullMethodName());

  private final Path root;
  private final Path directory;
  private final MorselConfig config;
  private final String version;
  private final Thread thread = Thread.ofPlatform().daemon().name("warm-up").unstarted(this::run);
  private volatile boolean stopped;
  private boolean cleaning;

  /** A warm-up below a root that nobody else uses. */
  WarmUp(Path root, MorselConfig config, String version) {
    this(root, config, "", version);
  }

  private WarmUp(Path root, MorselConfig config, String metricsAddress, String version) {
    this.root = root;
    this.directory = root.resolve(DIRECTORY);
    this.config =
        config
            .with(ConfigKeys.ROOT, directory.resolve("root"))
            .with(ConfigKeys.ADDRESS, directory.resolve("s"))
            .with(ConfigKeys.METRICS_ADDRESS, metricsAddress)
            .with(ConfigKeys.WARM_UP, false)
            .with(ConfigKeys.FETCH_BACKGROUND_FILL, false)
            .with(ConfigKeys.PROFILE_FROM_REGISTRY, true)
            .with(ConfigKeys.PROFILE_REPLAY, true)
            .with(ConfigKeys.REGISTRY_RETRIES, 0L)
            // A mirror for every registry would be asked for an image that only this machine has.
            .with(ConfigKeys.REGISTRY_CONFIG_PATH, "")
            .with(ConfigKeys.REGISTRY_DOCKER_CONFIG, directory.toString());
    this.version = version;
  }

  /** Deletes what a daemon left that was killed meanwhile. */
  static void reconcile(Path root) throws IOException {
    Path directory = root.resolve(DIRECTORY);
    if (Files.exists(directory)) {
      for (Mountinfo mount : Mountinfo.under(directory).reversed()) {
        Mountinfo.detach(mount.mountPoint());
      }
      SnapshotDirectories.deleteTree(directory);
    }
  }

  /** Starts in the background. */
  void start() {
    thread.start();
  }

  /** Stops the warm-up when a call comes in that a container waits for. */
  ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (!stopped && URGENT.contains(call.getMethodDescriptor().getFullMethodName())) {
          stop();
        }
        return next.startCall(call, headers);
      }
    };
  }

  private synchronized void stop() {
    stopped = true;
    if (!cleaning) {
      thread.interrupt();
    }
  }

  /**
   * From now on nothing interrupts the thread, which reads and deletes files and would leave some.
   */
  private synchronized void beginCleaning() {
    cleaning = true;
    var _ = Thread.interrupted();
  }

  private void run() {
    long start = System.nanoTime();
    try {
      // Before, not after: what a start of a container needs of them is back before the first one.
      StartupPages.giveBack();
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try {
        WarmUpLayer layer = WarmUpLayer.make(directory);
        try (WarmUpRegistry registry = WarmUpRegistry.start(layer, directory)) {
          goThrough(registry, 0, CALLS, CONTAINERS);
          WarmUpIndex.hash();
          checkNotStopped();
          WarmUpIndex.build(INDEXES, directory);
          checkNotStopped();
          IdleMemory.collect();
          // After a collection the virtual machine looks at whatever is called for the first time,
          // which took a tenth of the processor time of the first start.
          reconcile(root);
          Files.createDirectory(directory);
          goThrough(registry, 1, FEW, FEW);
          WarmUpIndex.build(1, directory);
        }
      } finally {
        beginCleaning();
        reconcile(root);
      }
      if (!stopped) {
        IdleMemory.trim();
      }
      log.debug("warmed up in {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | InterruptedException | RuntimeException e) {
      // It is no loss but of time; real work that fails likewise says so itself.
      log.debug("not warmed up{}: {}", stopped ? ", there is work to do" : "", e.toString());
    } finally {
      stopped = true;
    }
  }

  private void goThrough(WarmUpRegistry registry, int round, int calls, int containers)
      throws IOException, InterruptedException {
    try (Daemon daemon = Daemon.startWithin(config, version)) {
      daemon.prepareTls();
      if (daemon.metricsAddress().isPresent()) {
        scrape(daemon.metricsAddress().get());
      }
      try (RawCalls opened = RawCalls.open(daemon.address())) {
        goThrough(registry, opened, round, calls, containers);
      }
    }
  }

  private void goThrough(
      WarmUpRegistry registry, RawCalls calls, int round, int times, int containers)
      throws IOException, InterruptedException {
    String layer = "layer-" + round;
    String container = "container-" + round;
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder()
            .setKey("extract " + layer)
            .putAllLabels(registry.labels(layer))
            .build());
    if (Mountinfo.under(directory).isEmpty()) {
      throw new IOException("the layer was not mounted; the log says why");
    }
    for (int i = 0; i < times; i++) {
      checkNotStopped();
      calls.call(
          SnapshotsGrpc.getStatMethod(), StatSnapshotRequest.newBuilder().setKey(layer).build());
    }
    if (!registry.awaitProfileServed(PROFILE_MILLIS)) {
      throw new IOException("nobody asked for the profile");
    }
    prepare(calls, layer, container);
    readAll();
    for (int i = 0; i < containers; i++) {
      checkNotStopped();
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

  /** As a client does that makes a container. */
  private static void prepare(RawCalls calls, String layer, String container)
      throws IOException, InterruptedException {
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder().setKey(container).setParent(layer).build());
    calls.call(
        SnapshotsGrpc.getMountsMethod(), MountsRequest.newBuilder().setKey(container).build());
  }

  private void checkNotStopped() throws InterruptedException {
    if (stopped) {
      throw new InterruptedException("there is work to do");
    }
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

  /** By another process, since a daemon that reads its own mount may wait for itself. */
  private void readAll() throws IOException, InterruptedException {
    Process reader =
        new ProcessBuilder(
                "find",
                config.get(ConfigKeys.ROOT).resolve("snapshots").toString(),
                "-name",
                "[abc]",
                "-exec",
                "cat",
                "{}",
                "+")
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!reader.waitFor(READ_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("reading takes too long");
      }
    } finally {
      reader.destroyForcibly();
    }
  }

  /** Waits until it has ended, by itself or stopped. */
  void await() throws InterruptedException {
    thread.join();
  }

  /** Stops, and waits until everything is gone. */
  @Override
  public void close() {
    stop();
    try {
      await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Goes through a daemon's start, some containers' and the daemon's restart, in a temporary
   * directory, for the virtual machine to record what they need of it.
   *
   * @param config what of it is not about places is used
   * @throws IOException if something can't be done here that a daemon has to do
   */
  public static void rehearse(MorselConfig config, String version)
      throws IOException, InterruptedException {
    Path root = Files.createTempDirectory("morsel-record").toRealPath();
    try {
      WarmUp warmUp = new WarmUp(root, readBack(root, config), "127.0.0.1:0", version);
      Files.createDirectory(warmUp.directory);
      WarmUpLayer layer = WarmUpLayer.make(warmUp.directory);
      try (WarmUpRegistry registry = WarmUpRegistry.start(layer, warmUp.directory)) {
        for (int round = 0; round < REHEARSALS; round++) {
          warmUp.goThrough(registry, round, CALLS, CONTAINERS);
        }
      }
      IdleMemory.collect();
      IdleMemory.trim();
    } finally {
      reconcile(root);
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
