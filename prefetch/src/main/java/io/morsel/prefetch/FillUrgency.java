package io.morsel.prefetch;

import java.util.concurrent.atomic.LongAdder;

/**
 * Decides when the rest of a layer is fetched at once, instead of when the node is quiet.
 *
 * <p>The choice is that between renting and buying: each miss costs a little, the whole layer costs
 * much and ends all misses, and nobody knows how many are still to come. Who buys once the rent
 * paid has come to a fixed part of the price never pays much more than with foresight. So readers
 * go on by misses until
 *
 * <ul>
 *   <li>they have waited for a quarter of the time that the rest takes to fetch and decode, with so
 *       many misses that it is no ordinary start: that is the job which reads small files here and
 *       there; or
 *   <li>their requests have spent that time, and a noticeable one, on the way alone: on a fast line
 *       far away the distance is what a start pays for, and the rest is cheap; or
 *   <li>they have read a third of the layer: that is the job which reads large files.
 * </ul>
 *
 * <p>A guess that is wrong costs bandwidth that readers go before. Safe for use by many threads.
 */
final class FillUrgency {
  /** A third of the layer. */
  private static final int READ_SHARE = 3;

  /** A quarter of the time. */
  private static final int WAIT_SHARE = 4;

  /**
   * Fewer requests than this for one layer are a start, whatever they cost: those of Python and
   * Java with all their layers send between 30 and 110.
   */
  static final int LEAST_REQUESTS = 32;

  /** A start that has spent less than this on the way is well enough off. */
  static final long LEAST_TRAVEL_NANOS = 400_000_000;

  private final long dataBytes;
  private final long blobBytes;
  private final LongAdder readBytes = new LongAdder();
  private final LongAdder waitedNanos = new LongAdder();

  // Guarded by the scheduler's lock.
  private int requests;
  private volatile boolean urgent;

  /**
   * Of a layer that nobody has read yet.
   *
   * @param dataBytes all its uncompressed bytes
   * @param blobBytes all its compressed bytes
   */
  FillUrgency(long dataBytes, long blobBytes) {
    this.dataBytes = dataBytes;
    this.blobBytes = blobBytes;
  }

  /** Something was read; what is read again, past the kernel's cache, counts again. */
  void read(int lengthBytes) {
    readBytes.add(lengthBytes);
  }

  /** A reader had to wait. */
  void waited(long nanos) {
    waitedNanos.add(nanos);
  }

  /** Whether the rest is to be fetched at once; once it is, it stays so. */
  boolean isUrgent() {
    return urgent;
  }

  /**
   * A request is sent because somebody misses something; what is read from the cache alone needs no
   * hurry. The scheduler's lock is held.
   *
   * @return whether it has become urgent with this
   */
  boolean requested(long presentBytes, LinkEstimate link, DecodePace pace) {
    requests++;
    if (urgent) {
      return false;
    }
    long restBytes = restBytes(presentBytes);
    long priceNanos = Math.max(link.nanosFor(restBytes), pace.nanosFor(restBytes)) / WAIT_SHARE;
    long travelNanos = requests * link.distanceNanos();
    urgent =
        readBytes.sum() >= dataBytes / READ_SHARE
            || (requests >= LEAST_REQUESTS && waitedNanos.sum() >= priceNanos)
            || (travelNanos >= LEAST_TRAVEL_NANOS && travelNanos >= priceNanos);
    return urgent;
  }

  /** About how many compressed bytes are still to be fetched. */
  private long restBytes(long presentBytes) {
    return dataBytes == 0
        ? 0
        : (long) (blobBytes * Math.max(0.0, 1 - (double) presentBytes / dataBytes));
  }
}
