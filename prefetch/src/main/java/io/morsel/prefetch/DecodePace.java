package io.morsel.prefetch;

import java.util.concurrent.TimeUnit;

/**
 * How fast compressed bytes have been decoded, verified and stored of late, by all decoders
 * together. Safe for use by many threads.
 */
final class DecodePace {
  /** Smaller units say more about the work around them. */
  private static final long LEAST_BYTES = 4 << 10;

  /** How much a new measurement counts against all earlier ones. */
  private static final double WEIGHT = 0.05;

  /** Where nothing has been measured yet: what a virtual machine reaches that has just started. */
  private static final double UNKNOWN_BYTES_PER_SECOND = 20 << 20;

  private final int threads;
  private double bytesPerSecond = UNKNOWN_BYTES_PER_SECOND;

  /** The pace of so many decoders, of which nothing is known yet. */
  DecodePace(int threads) {
    this.threads = threads;
  }

  /** Takes into account what one decoder did. */
  synchronized void add(long bytes, long nanos) {
    if (bytes >= LEAST_BYTES) {
      double rate = bytes / Math.max(1e-6, nanos / 1e9);
      bytesPerSecond += WEIGHT * (rate - bytesPerSecond);
    }
  }

  /** How long so many compressed bytes take all decoders. */
  synchronized long nanosFor(long bytes) {
    return (long) (bytes / (threads * bytesPerSecond) * TimeUnit.SECONDS.toNanos(1));
  }
}
