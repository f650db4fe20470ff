package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unmounts and deletes what removed snapshots left behind, soon after they were removed or when
 * asked to.
 *
 * <p>There is no list of what to delete that could get lost: whatever has a directory and no
 * metadata goes.
 */
final class Cleaner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Cleaner.class);

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final @Nullable RemoteLayers remote;
  private final ReentrantLock cleaning = new ReentrantLock();
  private final Semaphore wanted = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;

  Cleaner(SnapshotStore store, SnapshotDirectories directories, @Nullable RemoteLayers remote) {
    this.store = store;
    this.directories = directories;
    this.remote = remote;
    this.thread = Thread.ofVirtual().name("cleaner").start(this::run);
  }

  /** Asks for a clean-up in the background. */
  void wake() {
    wanted.release();
  }

  private void run() {
    while (!closed) {
      try {
        wanted.acquire();
        wanted.drainPermits();
        if (!closed) {
          cleanUp();
        }
      } catch (InterruptedException e) {
        return;
      } catch (ContainerdException e) {
        log.warn("clean-up failed, it is tried again with the next removal: {}", e.getMessage());
      }
    }
  }

  /** Cleans up, after a clean-up that is under way. */
  void cleanUp() throws ContainerdException {
    cleaning.lock();
    try {
      List<Long> orphans =
          store.withIds(
              ids -> {
                List<Long> found = new ArrayList<>();
                for (SnapshotDirectories.Found entry : directories.list()) {
                  if (entry instanceof SnapshotDirectories.Found.Numbered(long id)
                      && !ids.contains(id)) {
                    found.add(id);
                  }
                }
                return found;
              });
      for (long id : orphans) {
        try {
          if (remote != null) {
            remote.unmount(id);
          }
          directories.delete(id);
        } catch (IOException e) {
          log.warn("can't delete the directory of removed snapshot {}: {}", id, e.getMessage());
        }
      }
    } catch (IOException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN, "can't list the directories of snapshots: " + e.getMessage(), e);
    } finally {
      cleaning.unlock();
    }
  }

  @Override
  public void close() {
    closed = true;
    wake();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
