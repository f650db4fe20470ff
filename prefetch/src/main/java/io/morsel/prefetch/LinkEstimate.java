package io.morsel.prefetch;

/**
 * What the way to the registries has been like of late: how long an answer takes to begin, and how
 * fast it comes then. Safe for use by many threads.
 */
final class LinkEstimate {
  /** Shorter answers say more about buffers than about the way. */
  static final long LEAST_BYTES = 32 << 10;

  /** Where nothing has been measured yet. */
  static final long UNKNOWN_BYTES = 128 << 10;

  /** How much a new measurement counts against all earlier ones. */
  private static final double WEIGHT = 0.2;

  /** By how much a distance that is not confirmed grows with each answer: a way may get longer. */
  private static final double DRIFT = 1.02;

  private double waitSeconds;
  private double distanceSeconds;
  private double bytesPerSecond;

  /**
   * Takes one answer into account.
   *
   * @param waitNanos from the request until the answer began
   * @param bytes what came
   * @param transferNanos from the answer's beginning to its end
   */
  synchronized void add(long waitNanos, long bytes, long transferNanos) {
    double wait = waitNanos / 1e9;
    distanceSeconds = distanceSeconds == 0 ? wait : Math.min(wait, DRIFT * distanceSeconds);
    if (bytes < LEAST_BYTES) {
      return;
    }
    waitSeconds = waitSeconds == 0 ? wait : waitSeconds + WEIGHT * (wait - waitSeconds);
    transferred(bytes, transferNanos);
  }

  /**
   * Takes into account how fast an answer came of which it is not known how long it was waited for,
   * such as the first one, for which a connection had to be made.
   *
   * @param bytes what came
   * @param transferNanos from the answer's beginning to its end
   */
  synchronized void transferred(long bytes, long transferNanos) {
    if (bytes >= LEAST_BYTES) {
      double rate = bytes / Math.max(1e-6, transferNanos / 1e9);
      bytesPerSecond =
          bytesPerSecond == 0 ? rate : bytesPerSecond + WEIGHT * (rate - bytesPerSecond);
    }
  }

  /** How long so many bytes take to come, at the rate of late; 0 where that is not known. */
  synchronized long nanosFor(long bytes) {
    return bytesPerSecond == 0 ? 0 : (long) (bytes / bytesPerSecond * 1e9);
  }

  /**
   * The least time that an answer took to begin, of late: that of the way alone, where the registry
   * was idle and nothing stood in its queues; 0 where nothing has been measured yet.
   */
  synchronized long distanceNanos() {
    return (long) (distanceSeconds * 1e9);
  }

  /** How many bytes come in so much time; {@code unknown} where that is not known. */
  synchronized long bytesIn(long millis, long unknown) {
    return bytesPerSecond == 0 ? unknown : (long) (bytesPerSecond * millis / 1e3);
  }

  /**
   * As many bytes as come in the time that one more request would wait for its answer: bringing
   * them along unasked costs no more than asking for any of them later.
   */
  synchronized long worthwhileBytes() {
    return waitSeconds == 0 ? UNKNOWN_BYTES : (long) (waitSeconds * bytesPerSecond);
  }
}
