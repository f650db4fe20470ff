package io.morsel.bench.net;

import java.util.concurrent.TimeUnit;

/**
 * A {@link Net} in the figures that shaping one of its directions needs.
 *
 * @param nanosPerByte of the line; 0 for no limit
 * @param rttNanos a round trip
 * @param segmentLoss the probability that a segment of {@link #SEGMENT_BYTES} is lost
 * @param slowStart whether windows begin small
 * @param windowBytes the most that a connection has on its way without acknowledgement: enough to
 *     fill the line alone
 * @param queueBytes the most of a connection that waits for its turn, as in a sender's socket
 * @param quantumBytes what a connection sends when it has its turn
 */
record Shape(
    double nanosPerByte,
    long rttNanos,
    double segmentLoss,
    boolean slowStart,
    int windowBytes,
    int queueBytes,
    int quantumBytes) {
  /** What a packet carries on Ethernet. */
  static final int SEGMENT_BYTES = 1460;

  private static final double QUANTUM_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
  private static final int MAX_QUANTUM_BYTES = 16 << 10;

  /** The pacer may come this late without the line running dry. */
  private static final double QUEUE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  private static final int MIN_QUEUE_BYTES = 64 << 10;
  private static final int MAX_QUEUE_BYTES = 4 << 20;
  private static final int MIN_WINDOW_BYTES = 256 << 10;
  private static final int MAX_WINDOW_BYTES = 256 << 20;
  private static final int UNLIMITED_WINDOW_BYTES = 16 << 20;

  /** The figures of a network. */
  static Shape of(Net net) {
    long rttNanos = TimeUnit.MICROSECONDS.toNanos(net.rttMicros());
    double loss = net.lossPercent() / 100;
    if (net.bitsPerSecond().isEmpty()) {
      return new Shape(
          0,
          rttNanos,
          loss,
          net.slowStart(),
          UNLIMITED_WINDOW_BYTES,
          MAX_QUEUE_BYTES,
          MAX_QUANTUM_BYTES);
    }
    double nanosPerByte = 8e9 / net.bitsPerSecond().getAsLong();
    int queue = clamp(QUEUE_NANOS / nanosPerByte, MIN_QUEUE_BYTES, MAX_QUEUE_BYTES);
    return new Shape(
        nanosPerByte,
        rttNanos,
        loss,
        net.slowStart(),
        clamp(2 * rttNanos / nanosPerByte + queue, MIN_WINDOW_BYTES, MAX_WINDOW_BYTES),
        queue,
        clamp(QUANTUM_NANOS / nanosPerByte, SEGMENT_BYTES, MAX_QUANTUM_BYTES));
  }

  private static int clamp(double value, int least, int most) {
    return (int) Math.clamp(value, (double) least, (double) most);
  }

  /** One way of a round trip. */
  long delayNanos() {
    return rttNanos / 2;
  }

  /** The most of one connection's direction that is held. */
  int capacityBytes() {
    return windowBytes + queueBytes;
  }

  /** How long the line is taken by so many bytes. */
  long lineNanos(int bytes) {
    return Math.round(bytes * nanosPerByte);
  }

  /** The probability that at least one of the segments of so many bytes is lost. */
  double loss(int bytes) {
    int segments = (bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES;
    return 1 - Math.pow(1 - segmentLoss, segments);
  }
}
