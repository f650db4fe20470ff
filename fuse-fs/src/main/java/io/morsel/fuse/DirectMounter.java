package io.morsel.fuse;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The front end that speaks the kernel's FUSE protocol on {@code /dev/fuse} itself.
 *
 * <p>Needs the capability CAP_SYS_ADMIN, since it calls {@code mount(2)}. All mounts share a few
 * threads.
 */
public final class DirectMounter implements FuseMounter {
  private static final Logger log = LoggerFactory.getLogger(DirectMounter.class);

  private static final String DEVICE = "/dev/fuse";
  private static final long INIT_SECONDS = 10;
  private static final int READ_AHEAD_KIB = ReplyBuffer.MAX_BODY_BYTES / 1024;

  /** Where a connection is mounted that came from another process, for messages. */
  private static final Path ELSEWHERE = Path.of("a mount of an earlier process");

  private final int threads;
  private final DescriptorKeeper keeper;
  private final Set<DirectMount> mounts = ConcurrentHashMap.newKeySet();
  private @Nullable FuseLoop loop;

  /** What connections show that were taken over from beneath another filesystem. */
  private @Nullable ErofsImage takenTree;

  private boolean closed;

  /** A front end whose mounts end with it; see {@link #DirectMounter(DescriptorKeeper)}. */
  public DirectMounter() {
    this(DescriptorKeeper.NONE);
  }

  /**
   * A front end with a thread for each core, and two at least.
   *
   * @param keeper is given the descriptor of each mount that another process could go on with
   */
  public DirectMounter(DescriptorKeeper keeper) {
    this(Math.max(2, Runtime.getRuntime().availableProcessors()), keeper);
  }

  /**
   * A front end that serves all its mounts with so many threads, which start with the first.
   *
   * @param keeper is given the descriptor of each mount that another process could go on with
   */
  public DirectMounter(int threads, DescriptorKeeper keeper) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: " + threads + ", must be 1 at least");
    }
    this.threads = threads;
    this.keeper = keeper;
  }

  @Override
  public String backend() {
    return "direct";
  }

  @Override
  public LayerMount mount(LayerContent content, Path mountPoint) throws IOException {
    Path target = mountPoint.toRealPath();
    FuseLoop running = loop();
    FuseConnection connection = running.connect(open(), target, content, true);
    boolean mounted = false;
    boolean ready = false;
    try {
      attach(connection, target);
      mounted = true;
      running.serve(connection);
      awaitInit(connection);
      keep(connection);
      ready = true;
    } finally {
      if (!ready) {
        running.end(connection, "mounting failed");
        if (mounted) {
          Mountinfo.detach(target);
        }
      }
    }
    DirectMount mount = new DirectMount(connection, running, Linux.device(target.toString()));
    mount.raiseReadAhead();
    mounts.add(mount);
    var _ = connection.released().thenRun(() -> mounts.remove(mount));
    return mount;
  }

  /**
   * Content that is served on a filesystem in no tree. It ends when the kernel drops that: after
   * the mount is closed, and the last file of it that somebody has open.
   */
  record Detached(FuseConnection connection, DetachedMount mount) {}

  /**
   * Serves content to another filesystem of the kernel's, which keeps what it reads.
   *
   * @param target where that filesystem will be, for messages
   */
  Detached serveDetached(LayerContent content, Path target) throws IOException {
    FuseLoop running = loop();
    FuseConnection connection = running.connect(open(), target, content, false);
    DetachedMount mount = null;
    boolean ready = false;
    try {
      mount = DetachedMount.create("fuse", detachedOptions(connection));
      running.serve(connection);
      awaitInit(connection);
      keep(connection);
      ready = true;
      return new Detached(connection, mount);
    } finally {
      if (!ready) {
        running.end(connection, "mounting failed");
        if (mount != null) {
          mount.close();
        }
      }
    }
  }

  private static List<DetachedMount.Option> detachedOptions(FuseConnection connection) {
    return List.of(
        new DetachedMount.Option("source", "morsel:" + connection.tree().content().name()),
        new DetachedMount.Option("fd", Integer.toString(connection.fd())),
        new DetachedMount.Option("rootmode", "40000"),
        new DetachedMount.Option("user_id", Integer.toString(Linux.effectiveUser())),
        new DetachedMount.Option("group_id", Integer.toString(Linux.effectiveGroup())),
        new DetachedMount.Option("allow_other"),
        new DetachedMount.Option("max_read", Integer.toString(ReplyBuffer.MAX_BODY_BYTES)));
  }

  /** Ends what {@link #serveDetached} started, whoever uses it. */
  void end(Detached detached, String why) {
    detached.mount().close();
    FuseLoop running;
    synchronized (this) {
      running = loop;
    }
    if (running != null) {
      running.end(detached.connection(), why);
    }
  }

  /** Has a connection outlive this process, where there is somebody who does that. */
  private void keep(FuseConnection connection) throws IOException {
    if (keeper.equals(DescriptorKeeper.NONE)) {
      return;
    }
    ContentIdentity identity = connection.tree().content().identity().orElse(null);
    if (identity == null) {
      return;
    }
    String name =
        KeptConnection.of(
                identity,
                connection.cached(),
                connection.opensFiles(),
                connection.opensDirectories(),
                connection.initialized().join())
            .name();
    if (keeper.keep(connection.fd(), name)) {
      connection.kept(keeper, name);
    }
  }

  /**
   * Whether a descriptor that an earlier process had is of {@code /dev/fuse}, and the kernel still
   * has its filesystem.
   */
  public static boolean isServed(int descriptor) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(descriptor)))
              .equals(Path.of(DEVICE))
          && !Linux.isDisconnected(descriptor);
    } catch (IOException e) {
      log.debug("descriptor {}: {}", descriptor, e.toString());
      return false;
    }
  }

  /** Closes a descriptor that an earlier process had: unless it is kept, its readers fail. */
  public static void abandon(int descriptor) {
    Linux.close(descriptor);
  }

  /**
   * Serves a connection that an earlier process served, wherever its filesystem is mounted, until
   * the kernel drops that.
   *
   * @param descriptor of {@code /dev/fuse}, which is closed when the connection ends, or if this
   *     fails
   * @param kept what the descriptor was kept as
   * @param layer what is shown, which must be what the connection showed from the start
   * @param scratch for a short-lived file
   * @return completes when the content is not used any more
   * @throws IOException if that is another content, or the kernel refuses
   */
  public CompletableFuture<Void> takeOver(
      int descriptor, KeptConnection kept, LayerContent layer, Path scratch) throws IOException {
    FuseLoop running = null;
    LayerContent content;
    try {
      content = kept.cached() ? layer : new LayerDataFile(layer, takenTree(scratch));
      ContentIdentity identity = content.identity().orElse(null);
      if (!kept.identity().equals(identity)) {
        throw new IOException(
            "its index is not the one that it was mounted with: %s instead of %s"
                .formatted(identity, kept.identity()));
      }
      running = loop();
    } finally {
      if (running == null) {
        Linux.close(descriptor);
      }
    }
    FuseConnection connection = running.connect(descriptor, ELSEWHERE, content, kept.cached());
    boolean served = false;
    try {
      connection.kept(keeper, kept.name());
      connection.initialize(kept.minor(), kept.opensFiles(), kept.opensDirectories());
      // Before anything is read from it, which would be sent once more otherwise.
      connection.resend();
      running.serve(connection);
      served = true;
      return connection.released().copy();
    } finally {
      if (!served) {
        running.end(connection, "taking it over failed");
      }
    }
  }

  private synchronized ErofsImage takenTree(Path scratch) throws IOException {
    if (takenTree == null) {
      takenTree = LayerDataFile.newTree(scratch);
    }
    return takenTree;
  }

  private synchronized FuseLoop loop() throws IOException {
    if (closed) {
      throw new IOException("the FUSE mounter is closed");
    }
    if (loop == null) {
      loop = new FuseLoop(threads);
    }
    return loop;
  }

  private static int open() throws IOException {
    try {
      return Linux.open(DEVICE, Linux.O_RDWR | Linux.O_NONBLOCK | Linux.O_CLOEXEC);
    } catch (Linux.ErrnoException e) {
      String advice =
          switch (e.errno()) {
            case Errno.ENOENT, Errno.ENODEV -> "; load the kernel module: modprobe fuse";
            case Errno.EPERM, Errno.EACCES ->
                "; run as root, and let the container or unit use the device";
            default -> "";
          };
      throw new IOException(e.getMessage() + advice, e);
    }
  }

  private static void attach(FuseConnection connection, Path target) throws IOException {
    // No nosuid and no nodev: the layer's setuid files and device nodes are for its containers.
    String options =
        "fd=%d,rootmode=40000,user_id=%d,group_id=%d,default_permissions,allow_other,max_read=%d"
            .formatted(
                connection.fd(),
                Linux.effectiveUser(),
                Linux.effectiveGroup(),
                ReplyBuffer.MAX_BODY_BYTES);
    try {
      Linux.mount(
          "morsel:" + connection.tree().content().name(),
          target.toString(),
          "fuse.morsel",
          Linux.MS_RDONLY,
          options);
    } catch (Linux.ErrnoException e) {
      String advice =
          e.errno() == Errno.EPERM
              ? "; the direct FUSE front end needs CAP_SYS_ADMIN: run as root, or use the jnr one"
              : "";
      throw new IOException(e.getMessage() + advice, e);
    }
  }

  private static void awaitInit(FuseConnection connection) throws IOException {
    try {
      connection.initialized().get(INIT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException("mount " + connection.mountPoint() + ": " + connection.whyEnded(), e);
    } catch (TimeoutException e) {
      throw new IOException(
          "mount %s: the kernel did not start the FUSE protocol within %d s"
              .formatted(connection.mountPoint(), INIT_SECONDS),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("mount " + connection.mountPoint() + ": interrupted", e);
    }
  }

  @Override
  public void close() {
    FuseLoop running;
    ErofsImage tree;
    synchronized (this) {
      closed = true;
      running = loop;
      tree = takenTree;
      takenTree = null;
    }
    if (running != null) {
      mounts.forEach(DirectMount::close);
      running.close();
    }
    if (tree != null) {
      tree.close();
    }
  }

  /** A mount of this front end. */
  private static final class DirectMount implements LayerMount {
    private static final long RELEASE_SECONDS = 10;

    private final FuseConnection connection;
    private final FuseLoop loop;
    private final String device;
    private final AtomicBoolean closed = new AtomicBoolean();

    DirectMount(FuseConnection connection, FuseLoop loop, String device) {
      this.connection = connection;
      this.loop = loop;
      this.device = device;
    }

    @Override
    public Path mountPoint() {
      return connection.mountPoint();
    }

    @Override
    public boolean isAlive() {
      try {
        return connection.isAlive() && isMounted();
      } catch (IOException e) {
        log.debug("{}: {}", connection.mountPoint(), e.toString());
        return connection.isAlive();
      }
    }

    private boolean isMounted() throws IOException {
      return Linux.device(connection.mountPoint().toString()).equals(device);
    }

    @Override
    public CompletableFuture<Void> released() {
      return connection.released().copy();
    }

    /**
     * The kernel reads ahead 128 KiB whatever INIT agrees on, until the device is told otherwise.
     */
    void raiseReadAhead() {
      try {
        Files.writeString(
            Path.of("/sys/class/bdi", device, "read_ahead_kb"), Integer.toString(READ_AHEAD_KIB));
      } catch (IOException e) {
        log.debug(
            "{}: read-ahead stays at the kernel's default: {}",
            connection.tree().content().name(),
            e.toString());
      }
    }

    @Override
    public void close() {
      if (!closed.compareAndSet(false, true) || !connection.acquire()) {
        return;
      }
      boolean busy = false;
      try {
        if (isMounted()) {
          Mountinfo.detach(connection.mountPoint());
        }
        busy = !Linux.isDisconnected(connection.fd());
      } catch (IOException e) {
        log.warn("{}; the mount is cut off from its layer instead", e.getMessage());
        loop.end(connection, "unmounting failed");
      } finally {
        connection.release();
      }
      if (busy) {
        log.info(
            "{}: {} was in use when it was unmounted, its users are served until they end",
            connection.tree().content().name(),
            connection.mountPoint());
        return;
      }
      try {
        connection.released().get(RELEASE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        log.warn("{}: reads are still under way", connection.mountPoint());
      }
    }
  }
}
