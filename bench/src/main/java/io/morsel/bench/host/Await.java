package io.morsel.bench.host;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition of another process, which can only be polled. */
public final class Await {
  private static final long POLL_NANOS = Duration.ofMillis(20).toNanos();

  private Await() {}

  /**
   * Returns once the condition holds.
   *
   * @param what the condition in words, for the message
   * @throws HostException if it does not hold within {@code limit}, or the thread is interrupted
   */
  public static void until(String what, Duration limit, BooleanSupplier condition) {
    until(what, limit, condition, () -> "");
  }

  /**
   * The same.
   *
   * @param evidence what the message says beyond that, of how it is instead
   */
  public static void until(
      String what, Duration limit, BooleanSupplier condition, Supplier<?> evidence) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new HostException(
            ("not within " + limit.toSeconds() + " s: " + what + " " + evidence.get()).strip());
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new HostException("interrupted while waiting until " + what);
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }
}
