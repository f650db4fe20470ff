package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The front end over jnr-fuse and libfuse 2, for where {@link DirectMounter} can't be used.
 *
 * <p>Each mount has threads of its own, which libfuse starts as requests come. A reader that is
 * killed while it waits for content is gone only when the content has come or failed.
 */
public final class JnrMounter implements FuseMounter {
  private static final Logger log = LoggerFactory.getLogger(JnrMounter.class);

  private static final long INIT_SECONDS = 10;

  /** For ever, as far as every kernel's arithmetic goes: 68 years. */
  private static final int VALID_SECONDS = Integer.MAX_VALUE;

  private final Set<JnrMount> mounts = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  @Override
  public String backend() {
    return "jnr";
  }

  @Override
  public LayerMount mount(LayerContent content, Path mountPoint) throws IOException {
    if (closed) {
      throw new IOException("mount " + mountPoint + ": the mounter is closed");
    }
    Path target = mountPoint.toRealPath();
    if (!Files.isDirectory(target)) {
      throw new NotDirectoryException(target.toString());
    }
    JnrMount mount = new JnrMount(open(content), target, content.name());
    mount.start();
    mounts.add(mount);
    var _ = mount.ended.thenRun(() -> mounts.remove(mount));
    return mount;
  }

  private static JnrFilesystem open(LayerContent content) throws IOException {
    try {
      return new JnrFilesystem(new LayerTree(content));
    } catch (LinkageError e) {
      throw new IOException(
          "the jnr FUSE front end can't load libfuse 2 (Debian package libfuse2): "
              + e.getMessage(),
          e);
    }
  }

  @Override
  public void close() {
    closed = true;
    for (JnrMount mount : mounts) {
      mount.close();
      mount.cutOff();
    }
  }

  /** A mount of this front end. */
  private static final class JnrMount implements LayerMount {
    private static final long RELEASE_SECONDS = 10;

    private final JnrFilesystem filesystem;
    private final Path mountPoint;
    private final String name;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Completes with libfuse's exit code when it has let go of the mount. */
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();

    private final CompletableFuture<Void> released = new CompletableFuture<>();
    private String device = "";

    JnrMount(JnrFilesystem filesystem, Path mountPoint, String name) {
      this.filesystem = filesystem;
      this.mountPoint = mountPoint;
      this.name = name;
    }

    void start() throws IOException {
      Thread.ofPlatform().daemon().name("fuse-jnr").start(this::serve);
      boolean ready = false;
      try {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(INIT_SECONDS);
        while (!filesystem.initialized().await(10, TimeUnit.MILLISECONDS)) {
          if (ended.isDone()) {
            throw new IOException(
                "mount %s: libfuse refused with code %d; what it says stands in the error output"
                    .formatted(mountPoint, ended.join()));
          }
          if (System.nanoTime() > deadline) {
            throw new IOException(
                "mount %s: libfuse did not start within %d s".formatted(mountPoint, INIT_SECONDS));
          }
        }
        device = Mountinfo.at(mountPoint).map(Mountinfo::device).orElse("");
        ready = true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("mount " + mountPoint + ": interrupted", e);
      } finally {
        if (!ready && !ended.isDone()) {
          unmount();
        }
      }
    }

    private void serve() {
      int code = -1;
      try {
        code = filesystem.serve(arguments());
      } catch (RuntimeException | Error e) {
        log.error("{}: {} is no longer served", name, mountPoint, e);
      } finally {
        ended.complete(code);
        released.complete(null);
      }
    }

    private List<String> arguments() {
      List<String> options =
          new ArrayList<>(
              List.of(
                  "ro",
                  "default_permissions",
                  "kernel_cache",
                  "use_ino",
                  "entry_timeout=" + VALID_SECONDS,
                  "negative_timeout=" + VALID_SECONDS,
                  "attr_timeout=" + VALID_SECONDS,
                  "max_read=131072",
                  "fsname=morsel:" + name.replaceAll("[,\\\\\\s]", "_"),
                  "subtype=morsel"));
      if (Linux.effectiveUser() == 0) {
        // Only root may: setuid files and device nodes are for the layer's containers.
        options.addAll(List.of("allow_other", "suid", "dev"));
      }
      return List.of("morsel", "-f", "-o", String.join(",", options), mountPoint.toString());
    }

    @Override
    public Path mountPoint() {
      return mountPoint;
    }

    @Override
    public boolean isAlive() {
      try {
        return !ended.isDone() && isMounted();
      } catch (IOException e) {
        log.debug("{}: {}", mountPoint, e.toString());
        return !ended.isDone();
      }
    }

    private boolean isMounted() throws IOException {
      return Mountinfo.current().stream()
          .anyMatch(
              mount -> mount.device().equals(device) && mount.mountPoint().equals(mountPoint));
    }

    @Override
    public CompletableFuture<Void> released() {
      return released.copy();
    }

    @Override
    public void close() {
      if (!closed.compareAndSet(false, true) || ended.isDone()) {
        return;
      }
      try {
        if (isMounted()) {
          unmount();
        }
      } catch (IOException e) {
        log.warn("{}; the mount is cut off from its layer instead", e.getMessage());
        cutOff();
        return;
      }
      // The kernel removes the device with the filesystem, before unmounting returns.
      if (Files.exists(Path.of("/sys/class/bdi", device))) {
        log.info(
            "{}: {} was in use when it was unmounted, its users are served until they end",
            name,
            mountPoint);
        return;
      }
      try {
        released.get(RELEASE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        log.warn("{}: reads are still under way", mountPoint);
      }
    }

    private void unmount() throws IOException {
      if (Linux.effectiveUser() == 0) {
        Mountinfo.detach(mountPoint);
        return;
      }
      Process process =
          new ProcessBuilder("fusermount", "-u", "-z", mountPoint.toString()).inheritIO().start();
      try {
        if (process.waitFor() != 0) {
          throw new IOException("fusermount can't unmount " + mountPoint);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("unmounting " + mountPoint + " was interrupted", e);
      }
    }

    /** Makes sure that nothing uses the layer any more, though the mount may still have users. */
    void cutOff() {
      try {
        filesystem.cutOff();
        released.complete(null);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
