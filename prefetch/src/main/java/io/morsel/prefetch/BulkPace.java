package io.morsel.prefetch;

import java.util.concurrent.TimeUnit;

/**
 * When a layer's prefetch and background fill may go on: later and ever more seldom after failures,
 * and the fill of a layer whose data nobody waits for not before its node is quiet. Guarded by the
 * scheduler's lock.
 */
final class BulkPace {
  private static final long FIRST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LAST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** How many times the fill's delay a layer waits at most for a node that is never quiet. */
  private static final int FILL_PATIENCE = 15;

  private long fromNanos;
  private long delayNanos = FIRST_DELAY_NANOS;

  /** Written without the lock. */
  private volatile long lastMissNanos;

  /** Of a layer that is opened now. */
  BulkPace(long now) {
    fromNanos = now;
    lastMissNanos = now;
  }

  /** A reader found something absent; for any thread. */
  void missed(long now) {
    lastMissNanos = now;
  }

  /** Something was fetched and stored. */
  void succeeded() {
    delayNanos = FIRST_DELAY_NANOS;
  }

  /** Something can't be had or stored at present. */
  void failed(long now) {
    if (now - fromNanos >= 0) {
      fromNanos = now + delayNanos;
      delayNanos = Math.min(LAST_DELAY_NANOS, 2 * delayNanos);
    }
  }

  /** For how long nothing is fetched; not positive if something may be. */
  long waitNanos(long now) {
    return fromNanos - now;
  }

  /**
   * The same for the fill of a layer that is not urgent. A container's layers are read by turns:
   * the fill of one would take the link from a start that is reading another.
   *
   * @param settings of which the fill's delay counts
   * @param quietNanos for how long the node has been quiet
   */
  long fillWaitNanos(long now, FetchSettings settings, long quietNanos) {
    long delay = TimeUnit.MILLISECONDS.toNanos(settings.backgroundFillDelayMillis());
    long untilNodeIsQuiet = delay - quietNanos;
    long untilPatienceEnds = FILL_PATIENCE * delay - (now - lastMissNanos);
    return Math.max(waitNanos(now), Math.min(untilNodeIsQuiet, untilPatienceEnds));
  }
}
