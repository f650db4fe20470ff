package io.morsel.bench.net;

import java.util.concurrent.TimeUnit;

/**
 * How much one direction of a connection may have on its way.
 *
 * <p>Without slow start it is fixed. With it: ten segments at first, more by what is acknowledged,
 * so that it doubles each round trip; half as much after a loss, and from then on a segment more
 * each round trip (RFC 5681 with the initial window of RFC 6928); ten segments again after being
 * idle for longer than 200 ms and two round trips, which stand for TCP's retransmission timeout.
 *
 * <p>For use under its pacer's lock.
 */
final class Window {
  private static final int INITIAL_BYTES = 10 * Shape.SEGMENT_BYTES;
  private static final int LEAST_BYTES = 2 * Shape.SEGMENT_BYTES;
  private static final long MIN_IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final boolean slowStart;
  private final double most;
  private final long rttNanos;
  private final long idleNanos;
  private double bytes;
  private double threshold = Double.MAX_VALUE;
  private long recoveredAt;

  Window(Shape shape) {
    slowStart = shape.slowStart();
    most = shape.windowBytes();
    rttNanos = shape.rttNanos();
    idleNanos = Math.max(MIN_IDLE_NANOS, 2 * rttNanos);
    bytes = slowStart ? Math.min(INITIAL_BYTES, most) : most;
  }

  long bytes() {
    return (long) bytes;
  }

  void acknowledged(long count) {
    if (slowStart) {
      double more = bytes < threshold ? count : Shape.SEGMENT_BYTES * (count / bytes);
      bytes = Math.min(bytes + more, most);
    }
  }

  /** Something sent at this moment was lost; losses within a round trip count as one. */
  void lost(long nanos) {
    if (slowStart && nanos >= recoveredAt) {
      bytes = Math.max(bytes / 2, LEAST_BYTES);
      threshold = bytes;
      recoveredAt = nanos + rttNanos;
    }
  }

  /** Nothing was on its way for so long. */
  void idle(long nanos) {
    if (slowStart && nanos > idleNanos) {
      bytes = Math.min(bytes, INITIAL_BYTES);
    }
  }
}
