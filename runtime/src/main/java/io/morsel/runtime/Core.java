package io.morsel.runtime;

import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.UnixServer;
import io.morsel.runtime.container.ContainerStore;
import io.morsel.runtime.container.ContainerUpdates;
import io.morsel.runtime.container.ContainersService;
import io.morsel.runtime.content.ContentService;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.content.SharingPolicy;
import io.morsel.runtime.diff.DiffService;
import io.morsel.runtime.event.EventsService;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.gc.Collector;
import io.morsel.runtime.gc.Scheduler;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.image.ImageStore;
import io.morsel.runtime.image.ImagesService;
import io.morsel.runtime.introspection.HealthService;
import io.morsel.runtime.introspection.IntrospectionService;
import io.morsel.runtime.introspection.Plugins;
import io.morsel.runtime.introspection.VersionService;
import io.morsel.runtime.lease.LeaseStore;
import io.morsel.runtime.lease.LeasesService;
import io.morsel.runtime.namespace.NamespaceStore;
import io.morsel.runtime.namespace.NamespacesService;
import io.morsel.runtime.restart.Provisions;
import io.morsel.runtime.restart.RestartMonitor;
import io.morsel.runtime.sandbox.SandboxStore;
import io.morsel.runtime.sandbox.SandboxStoreService;
import io.morsel.runtime.snapshot.NamespacedSnapshots;
import io.morsel.runtime.snapshot.SnapshotsService;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.streaming.StreamingService;
import io.morsel.runtime.streaming.Streams;
import io.morsel.runtime.task.OwnTasks;
import io.morsel.runtime.task.ShimEvents;
import io.morsel.runtime.task.TaskManager;
import io.morsel.runtime.task.TasksService;
import io.morsel.runtime.transfer.Registries;
import io.morsel.runtime.transfer.TransferParts;
import io.morsel.runtime.transfer.TransferService;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.DaemonMetrics;
import io.morsel.snapshotter.DescriptorStore;
import io.morsel.snapshotter.EmbeddedSnapshotter;
import io.morsel.snapshotter.HttpEndpoint;
import io.morsel.snapshotter.IdleMemory;
import io.morsel.snapshotter.NativeLibraries;
import io.morsel.snapshotter.RootLock;
import io.morsel.snapshotter.SdNotify;
import io.morsel.snapshotter.WarmUp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The core: every part, put together by hand, in the order in which they need each other.
 *
 * <p>{@code morsel core} is {@link #start} and {@link #awaitTermination}.
 */
public final class Core implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Core.class);

  /** How long calls under way may take to end when the core stops. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread signalHook = new Thread(this::stopBySignal, "stop");
  private final Role role;
  private volatile boolean awaited;
  private volatile @Nullable UnixServer server;
  private volatile @Nullable Exchange exchange;
  private volatile @Nullable TransferService transfers;
  private volatile @Nullable HttpEndpoint http;
  private volatile @Nullable TaskManager tasks;
  private volatile @Nullable WarmUp warmUp;

  /** Services beside containerd's, which introspection does not list. */
  @FunctionalInterface
  public interface FurtherServices {
    /** No such services. */
    FurtherServices NONE = _ -> List.of();

    /**
     * Those of one core; there may be others in the process, which warm up.
     *
     * @param address where it listens once they are called
     */
    List<BindableService> of(Path address);
  }

  /** What a core is to its process. */
  private enum Role {
    /** What the process is for. */
    DAEMON,
    /** Part of a command, for one container. */
    PART,
    /** Within another core's process, of which nobody outside is told. */
    WITHIN
  }

  private Core(Role role) {
    this.role = role;
  }

  /**
   * Starts a core; once this returns, clients can call it.
   *
   * @throws IOException if the root or the socket is in use or can't be used; nothing keeps running
   */
  public static Core start(CoreSettings settings) throws IOException {
    return start(settings, Role.PART, FurtherServices.NONE);
  }

  /**
   * As {@link #start}, for a process that goes on to serve: where the configuration says so, it
   * warms up until the first client has work for it.
   */
  public static Core startDaemon(CoreSettings settings, FurtherServices further)
      throws IOException {
    return start(settings, Role.DAEMON, further);
  }

  /** Starts a core within another one's process, of which nobody outside is told. */
  static Core startWithin(CoreSettings settings, FurtherServices further) throws IOException {
    return start(settings, Role.WITHIN, further);
  }

  private static Core start(CoreSettings settings, Role role, FurtherServices further)
      throws IOException {
    Core core = new Core(role);
    boolean started = false;
    if (core.isTheProcess()) {
      Runtime.getRuntime().addShutdownHook(core.signalHook);
    }
    try {
      core.assemble(settings, further);
      started = true;
      if (core.isTheProcess()) {
        SdNotify.ready();
      }
      WarmUp prepared = core.warmUp;
      if (prepared != null) {
        prepared.start();
      }
      return core;
    } catch (ContainerdException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      if (!started) {
        core.close();
      }
    }
  }

  /** Whether signals and the service manager mean this core, and not one around it. */
  private boolean isTheProcess() {
    return role != Role.WITHIN;
  }

  private void assemble(CoreSettings settings, FurtherServices further)
      throws IOException, ContainerdException {
    Clock clock = Clock.systemUTC();
    Path root = makeDirectory(settings.root());
    Path state = makeDirectory(settings.state());
    add(RootLock.take(root));
    NativeLibraries.keepBelow(root);
    MetadataStore store = add(MetadataStore.open(root.resolve("metadata.db")));
    Exchange events = new Exchange(clock);
    exchange = events;
    ContentStore content =
        ContentStore.open(
            store,
            makeDirectory(root.resolve("content")),
            SharingPolicy.of(settings.config().get(ConfigKeys.CORE_CONTENT_SHARING_POLICY)),
            clock);
    DaemonMetrics metrics = new DaemonMetrics(settings.version());
    CoreMetrics coreMetrics = new CoreMetrics(metrics.registry());
    Map<String, NamespacedSnapshots> snapshotters =
        openSnapshotters(store, root, settings, metrics, clock);
    Map<String, Collector.Cleanup> cleanups = new TreeMap<>();
    snapshotters.forEach((name, snapshots) -> cleanups.put(name, snapshots::collectGarbage));
    Collector collector = new Collector(store, events, content::collectGarbage, cleanups, clock);
    // Before anybody can call: what an earlier core left half done is gone then.
    var _ = collector.collect();
    Scheduler gc = add(Scheduler.start(collector, coreMetrics));
    store.listen(gc::mutated);
    Map<String, BindableService> services = new LinkedHashMap<>();
    ContainerStore containers = new ContainerStore(store, clock);
    coreMetrics.state(containers::count, content::totalBytes);
    services.put("containers", new ContainersService(containers, events));
    services.put("content", new ContentService(content, events));
    DiffService diff =
        DiffService.open(
            content, makeDirectory(root.resolve("mounts")), settings.config().limits());
    services.put("diff", diff);
    services.put("events", new EventsService(events));
    services.put("images", new ImagesService(new ImageStore(store, clock), events, gc));
    services.put("leases", new LeasesService(new LeaseStore(store, clock), gc));
    services.put("namespaces", new NamespacesService(new NamespaceStore(store), events));
    services.put("sandboxes", new SandboxStoreService(new SandboxStore(store, clock)));
    services.put("snapshots", new SnapshotsService(snapshotters, events));
    Streams streams = new Streams();
    services.put("streaming", new StreamingService(streams));
    TransferService transferring =
        new TransferService(
            new TransferParts(
                content,
                new ImageStore(store, clock),
                new LeaseStore(store, clock),
                new NamespaceStore(store),
                snapshotters,
                diff::unpack,
                events,
                streams,
                new Registries(
                    settings.config().registry(settings.version()),
                    settings.config().credentials())));
    transfers = transferring;
    services.put("transfer", transferring);
    TaskManager manager =
        add(
            TaskManager.open(
                root, state, settings.address().toAbsolutePath(), containers, events, clock));
    tasks = manager;
    services.put("tasks", new TasksService(manager, containers, content));
    services.put("version", new VersionService(settings.version(), settings.revision()));
    services.put("healthcheck", new HealthService());
    List<String> names = new ArrayList<>(services.keySet());
    names.add("introspection");
    services.put(
        "introspection",
        IntrospectionService.open(
            root,
            Plugins.of(snapshotters.keySet(), names, role == Role.DAEMON),
            manager::runtimeInfo));
    // Without a word in the configuration there are none: the default address is that of 'serve'.
    String metricsAddress =
        settings.config().isSet(ConfigKeys.METRICS_ADDRESS)
            ? settings.config().get(ConfigKeys.METRICS_ADDRESS)
            : "";
    if (!metricsAddress.isEmpty()) {
      http =
          add(
              HttpEndpoint.start(
                  metricsAddress, metrics::scrape, () -> server != null && !stopping.get()));
    }
    List<ServerInterceptor> interceptors =
        new ArrayList<>(List.of(coreMetrics.interceptor(), CallScope.interceptor()));
    WarmUp.reconcile(root);
    if (role == Role.DAEMON && settings.config().get(ConfigKeys.WARM_UP)) {
      WarmUp prepared = add(CoreWarmUp.of(root, settings, further));
      interceptors.add(prepared.interceptor());
      warmUp = prepared;
    }
    server =
        add(
            UnixServer.start(
                settings.address(),
                Stream.concat(services.values().stream(), further.of(settings.address()).stream())
                    .map(BindableService::bindService)
                    .toList(),
                interceptors));
    // After the clients' socket: who waits for the events of shims can subscribe first.
    add(ShimEvents.serve(settings.address(), manager, events));
    manager.serving();
    if (role == Role.DAEMON) {
      add(
          RestartMonitor.start(
              containers,
              new ContainerUpdates(containers, events),
              new OwnTasks(manager),
              new Provisions(snapshotters),
              Duration.ofMillis(settings.config().get(ConfigKeys.CORE_RESTART_INTERVAL_MILLIS)),
              clock));
      Optional<IdleMemory> memory = IdleMemory.start();
      if (memory.isPresent()) {
        add(memory.get());
      }
    }
    log.atLevel(isTheProcess() ? Level.INFO : Level.DEBUG)
        .log(
            "morsel {} serves as a core on {} from {}",
            settings.version(),
            settings.address(),
            root);
  }

  private Map<String, NamespacedSnapshots> openSnapshotters(
      MetadataStore store, Path root, CoreSettings settings, DaemonMetrics metrics, Clock clock)
      throws IOException, ContainerdException {
    Path directory = makeDirectory(root.resolve("snapshotters"));
    EmbeddedSnapshotter overlay = add(EmbeddedSnapshotter.overlay(directory.resolve("overlayfs")));
    EmbeddedSnapshotter lazy =
        add(
            EmbeddedSnapshotter.lazy(
                directory.resolve("morsel"),
                settings.config(),
                settings.version(),
                metrics,
                // The containers of others end with them, and theirs would not be this core's.
                role == Role.DAEMON ? DescriptorStore.ofProcess() : DescriptorStore.NONE));
    return Map.of(
        "overlayfs",
        NamespacedSnapshots.open(store, "overlayfs", overlay.snapshotter(), clock),
        "morsel",
        NamespacedSnapshots.open(store, "morsel", lazy.snapshotter(), clock));
  }

  /** Waits until the warm-up has ended; returns at once where there is none. */
  void awaitWarmUp() throws InterruptedException {
    WarmUp started = warmUp;
    if (started != null) {
      started.await();
    }
  }

  /** Whether there was a warm-up that nothing ended before its time. */
  boolean completedWarmUp() {
    WarmUp started = warmUp;
    return started != null && started.isComplete();
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

  private static Path makeDirectory(Path directory) throws IOException {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
      return directory.toRealPath();
    } catch (IOException e) {
      throw new IOException("can't use the directory " + directory + ": " + e, e);
    }
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

  /** Stops: accepts no more calls, lets those under way end, and closes the stores. Idempotent. */
  @Override
  public void close() {
    if (!stopping.compareAndSet(false, true)) {
      return;
    }
    if (isTheProcess()) {
      SdNotify.stopping();
    }
    Exchange subscribed = exchange;
    if (subscribed != null) {
      // They would not end by themselves.
      subscribed.close();
    }
    TaskManager running = tasks;
    if (running != null) {
      running.endWaits();
    }
    TransferService transferring = transfers;
    if (transferring != null) {
      transferring.close();
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
    if (isTheProcess()) {
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
