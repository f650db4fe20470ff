package io.morsel.snapshotter;

import io.grpc.ServerInterceptor;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.UnixServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The daemon: every part, put together by hand, in the order in which they need each other.
 *
 * <p>{@code morsel serve} is {@link Logging#configure}, {@link #start} and {@link
 * #awaitTermination}.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Daemon.class);

  /** How long calls under way may take to end when the daemon stops. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Path address;

  /** Whether signals and the service manager mean this daemon, and not one around it. */
  private final boolean isTheProcess;

  private final Thread signalHook = new Thread(this::stopBySignal, "stop");
  private volatile boolean awaited;
  private volatile @Nullable UnixServer server;
  private volatile @Nullable HttpEndpoint http;
  private volatile @Nullable EmbeddedSnapshotter embedded;
  private volatile @Nullable WarmUp warmUp;

  private Daemon(Path address, boolean isTheProcess) {
    this.address = address;
    this.isTheProcess = isTheProcess;
  }

  /**
   * Starts a daemon; once this returns, containerd can call it, and the layers of an earlier daemon
   * on the same root are mounted again.
   *
   * @param version what the daemon says it is, in metrics and to registries
   * @throws IOException if the root or the socket is in use or can't be used; nothing keeps running
   */
  public static Daemon start(MorselConfig config, String version) throws IOException {
    return start(config, version, true);
  }

  /** Starts a daemon within another one's process, of which nobody outside is told. */
  static Daemon startWithin(MorselConfig config, String version) throws IOException {
    return start(config, version, false);
  }

  private static Daemon start(MorselConfig config, String version, boolean isTheProcess)
      throws IOException {
    Daemon daemon = new Daemon(config.get(ConfigKeys.ADDRESS), isTheProcess);
    boolean started = false;
    if (isTheProcess) {
      Runtime.getRuntime().addShutdownHook(daemon.signalHook);
    }
    try {
      daemon.assemble(config, version);
      started = true;
      if (isTheProcess) {
        SdNotify.ready();
      }
      WarmUp prepared = daemon.warmUp;
      if (prepared != null) {
        prepared.start();
      }
      return daemon;
    } catch (ContainerdException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      if (!started) {
        daemon.close();
      }
    }
  }

  private void assemble(MorselConfig config, String version)
      throws IOException, ContainerdException {
    Path root = EmbeddedSnapshotter.makeRoot(config.get(ConfigKeys.ROOT));
    add(RootLock.take(root));
    NativeLibraries.keepBelow(root);
    DaemonMetrics metrics = new DaemonMetrics(version);
    EmbeddedSnapshotter assembled =
        add(
            EmbeddedSnapshotter.lazy(
                root,
                config,
                version,
                metrics,
                isTheProcess ? DescriptorStore.ofProcess() : DescriptorStore.NONE));
    embedded = assembled;
    String metricsAddress = config.get(ConfigKeys.METRICS_ADDRESS);
    if (!metricsAddress.isEmpty()) {
      http =
          add(
              HttpEndpoint.start(
                  metricsAddress, metrics::scrape, () -> server != null && !stopping.get()));
    }
    List<ServerInterceptor> interceptors = new ArrayList<>(List.of(metrics.interceptor()));
    if (config.get(ConfigKeys.WARM_UP)) {
      WarmUp.reconcile(root);
      WarmUp prepared = add(SnapshotterRehearsal.warmUp(root, config, version));
      interceptors.add(prepared.interceptor());
      warmUp = prepared;
    }
    server =
        add(
            UnixServer.start(
                address,
                List.of(new SnapshotsService(assembled.snapshotter()).bindService()),
                interceptors));
    if (isTheProcess) {
      Optional<IdleMemory> memory = IdleMemory.start();
      if (memory.isPresent()) {
        add(memory.get());
      }
    }
    log.atLevel(isTheProcess ? Level.INFO : Level.DEBUG)
        .log(
            "morsel {} serves snapshots on {} from {}, layers are shown through {}",
            version,
            address,
            root,
            assembled.shownThrough());
  }

  private <T extends AutoCloseable> T add(T part) throws IOException {
    synchronized (parts) {
      parts.push(part);
    }
    if (stopping.get()) {
      closeParts();
      throw new IOException("told to stop while starting");
    }
    return part;
  }

  /** Has the registry client make ready for TLS now. */
  void prepareTls() {
    EmbeddedSnapshotter assembled = embedded;
    if (assembled != null) {
      assembled.prepareTls();
    }
  }

  /** Waits until the warm-up has ended; returns at once where there is none. */
  void awaitWarmUp() throws InterruptedException {
    WarmUp started = warmUp;
    if (started != null) {
      started.await();
    }
  }

  /** The socket that containerd connects to. */
  public Path address() {
    return address;
  }

  /** Where metrics are served; empty where they are not. */
  public Optional<InetSocketAddress> metricsAddress() {
    return Optional.ofNullable(http).map(HttpEndpoint::address);
  }

  /**
   * Serves until the process is told to stop (SIGTERM, SIGINT), stops in good order and ends the
   * process with status 0; or returns when somebody calls {@link #close}.
   */
  public void awaitTermination() throws InterruptedException {
    awaited = true;
    stopped.await();
  }

  private void stopBySignal() {
    if (stopping.get()) {
      return;
    }
    log.info("stopping");
    close();
    if (awaited) {
      // Otherwise the JVM would report the signal as a failure to the service manager.
      Runtime.getRuntime().halt(0);
    }
  }

  /**
   * Stops: accepts no more calls, lets those under way end, unmounts all layers and closes the
   * stores. What containers have open of them waits for the next daemon where the service manager
   * keeps it. Idempotent.
   */
  @Override
  public void close() {
    if (!stopping.compareAndSet(false, true)) {
      return;
    }
    if (isTheProcess) {
      SdNotify.stopping();
    }
    UnixServer serving = server;
    if (serving != null) {
      try {
        if (!serving.stop(STOP_GRACE)) {
          log.warn("calls were still under way after {}", STOP_GRACE);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    closeParts();
    if (isTheProcess) {
      try {
        Runtime.getRuntime().removeShutdownHook(signalHook);
      } catch (IllegalStateException e) {
        log.debug("the process is ending");
      }
    }
    stopped.countDown();
  }

  private void closeParts() {
    while (true) {
      AutoCloseable part;
      synchronized (parts) {
        if (parts.isEmpty()) {
          return;
        }
        part = parts.pop();
      }
      try {
        part.close();
      } catch (Exception e) {
        log.warn("closing {}: {}", part.getClass().getSimpleName(), e.toString());
      }
    }
  }
}
