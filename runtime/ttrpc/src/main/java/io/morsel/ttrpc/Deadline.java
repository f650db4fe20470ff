package io.morsel.ttrpc;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** A moment of {@link System#nanoTime} after which waiting ends, or none. */
record Deadline(boolean limited, long atNanos) {
  static final Deadline NONE = new Deadline(false, 0);

  /** Far enough for everybody, and far from where nanoTime's differences overflow. */
  private static final long MAX_NANOS = TimeUnit.DAYS.toNanos(36500);

  static Deadline after(@Nullable Duration timeout) {
    if (timeout == null) {
      return NONE;
    }
    long nanos = TimeUnit.NANOSECONDS.convert(timeout);
    return afterNanos(nanos);
  }

  static Deadline afterNanos(long nanos) {
    return new Deadline(true, System.nanoTime() + Math.clamp(nanos, 0, MAX_NANOS));
  }

  /**
   * What is left, in nanoseconds; negative once it has passed, and much where there is no limit.
   */
  long remainingNanos() {
    return limited ? atNanos - System.nanoTime() : MAX_NANOS;
  }

  /** Waits for a signal, in its caller's loop; false once the moment has passed. */
  @SuppressWarnings("WaitNotInLoop")
  boolean await(Condition condition) throws InterruptedException {
    long remaining = remainingNanos();
    if (remaining <= 0) {
      return false;
    }
    var _ = condition.awaitNanos(remaining);
    return true;
  }
}
