package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A layer that is mounted as EROFS: over FUSE until it is complete, over the disk from then on. */
final class ErofsView implements LayerMount {
  private static final Logger log = LoggerFactory.getLogger(ErofsView.class);
  private static final long RELEASE_SECONDS = 10;

  private final ErofsMounter mounter;
  private final LayerContent content;
  private final Path target;
  private final CompletableFuture<Void> released = new CompletableFuture<>();

  /** Held while something is mounted or unmounted. */
  private final ReentrantLock lock = new ReentrantLock();

  /** What answers for absent data; null where there never was any. */
  private volatile DirectMounter.@Nullable Detached data;

  private boolean closed;

  /** When the mount point was last told to somebody; null where it never was. */
  private @Nullable Long handedOutNanos;

  private String device = "";
  private volatile boolean readsDisk;

  ErofsView(ErofsMounter mounter, LayerContent content, Path target) {
    this.mounter = mounter;
    this.content = content;
    this.target = target;
  }

  /** Mounts it for the first time. */
  void mount() throws IOException {
    lock.lock();
    try {
      if (content.completed().isDone()) {
        readsDisk = true;
        mountDisk();
      } else {
        mountServed();
      }
    } finally {
      lock.unlock();
    }
  }

  private void mountDisk() throws IOException {
    try (DetachedMount mount = mounter.overDisk(content)) {
      mount.attach(target);
    }
    device = topDevice();
  }

  private void mountServed() throws IOException {
    DirectMounter.Detached served = mounter.serveData(content, target);
    boolean done = false;
    try (DetachedMount mount = mounter.overServed(content, served)) {
      mount.attach(target);
      done = true;
    } finally {
      if (done) {
        // From now on the filesystem lives as long as the one that reads from it.
        served.mount().close();
      } else {
        mounter.end(served, "mounting failed");
      }
    }
    data = served;
    device = topDevice();
    var _ =
        served
            .connection()
            .released()
            .thenRun(
                () -> {
                  if (!readsDisk) {
                    released.complete(null);
                  }
                });
  }

  private String topDevice() throws IOException {
    return Linux.device(target.toString());
  }

  @Override
  public boolean readsDisk() {
    return readsDisk;
  }

  @Override
  public void handedOut() {
    // Also waits for a switch that is under way.
    lock.lock();
    try {
      handedOutNanos = System.nanoTime();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Shows the complete layer from the disk, now or when whoever was told the mount point has had
   * the time to use it: overlayfs refuses a lower directory that leaves the tree between its lookup
   * and its clone.
   */
  void switchWhenUnused() {
    lock.lock();
    try {
      long waitNanos =
          handedOutNanos == null
              ? 0
              : mounter.switchDelayNanos() - (System.nanoTime() - handedOutNanos);
      if (waitNanos > 0) {
        mounter.switchLater(this, waitNanos);
      } else {
        switchToDisk();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Shows the complete layer from the disk. Whoever uses the old filesystem keeps it until he
   * closes what he has open; at no moment is there none.
   */
  void switchToDisk() {
    lock.lock();
    try {
      if (closed || readsDisk || !topDevice().equals(device)) {
        return;
      }
      try (DetachedMount mount = mounter.overDisk(content)) {
        mount.attachBeneath(target);
        readsDisk = true;
        Mountinfo.detach(target);
      }
      device = topDevice();
      log.debug("{}: {} is read from the disk from now on", content.name(), target);
    } catch (IOException e) {
      log.warn(
          "{}: {} can't be mounted from the disk, reads of it go on through this process: {}",
          content.name(),
          target,
          e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Path mountPoint() {
    return target;
  }

  @Override
  public boolean isAlive() {
    DirectMounter.Detached served = data;
    if (!readsDisk && served != null && !served.connection().isAlive()) {
      return false;
    }
    lock.lock();
    try {
      return !closed && topDevice().equals(device);
    } catch (IOException e) {
      log.debug("{}: {}", target, e.toString());
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletableFuture<Void> released() {
    return released.copy();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      try {
        // Twice where a switch was cut short between its two steps.
        while (topDevice().equals(device)) {
          Mountinfo.detach(target);
        }
      } catch (IOException e) {
        log.warn("{}; it stays mounted", e.getMessage());
      }
    } finally {
      lock.unlock();
    }
    DirectMounter.Detached served = data;
    if (served == null) {
      released.complete(null);
      return;
    }
    FuseConnection connection = served.connection();
    var _ = connection.released().thenRun(() -> released.complete(null));
    if (isBusy(connection)) {
      log.info(
          "{}: {} was in use when it was unmounted, its users are served until they end",
          content.name(),
          target);
      return;
    }
    try {
      released.get(RELEASE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("{}: reads are still under way", target);
    }
  }

  private static boolean isBusy(FuseConnection connection) {
    if (!connection.acquire()) {
      return false;
    }
    try {
      return !Linux.isDisconnected(connection.fd());
    } catch (IOException e) {
      log.debug("{}: {}", connection.mountPoint(), e.toString());
      return false;
    } finally {
      connection.release();
    }
  }
}
