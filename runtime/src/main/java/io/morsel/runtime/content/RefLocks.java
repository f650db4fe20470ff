package io.morsel.runtime.content;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Has each reference written by one writer at a time. Safe for use by many threads. */
final class RefLocks {
  /** As long as containerd tries about. */
  private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Map<String, Instant> locked = new HashMap<>();
  private final Clock clock;

  RefLocks(Clock clock) {
    this.clock = clock;
  }

  /**
   * Locks a reference.
   *
   * @throws ContainerdException of class UNAVAILABLE where another writer keeps it, by which
   *     clients know that they may try again
   */
  synchronized void lock(String ref) throws ContainerdException {
    long end = System.nanoTime() + WAIT_NANOS;
    while (true) {
      Instant since = locked.get(ref);
      if (since == null) {
        locked.put(ref, clock.instant());
        return;
      }
      long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (leftMillis <= 0) {
        throw new ContainerdException(
            ErrorClass.UNAVAILABLE,
            "ref "
                + ref
                + " locked for "
                + Duration.between(since, clock.instant()).toMillis()
                + "ms (since "
                + since
                + ")");
      }
      try {
        wait(leftMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ContainerdException(ErrorClass.CANCELED, "waiting for ref " + ref, e);
      }
    }
  }

  synchronized void unlock(String ref) {
    locked.remove(ref);
    notifyAll();
  }
}
