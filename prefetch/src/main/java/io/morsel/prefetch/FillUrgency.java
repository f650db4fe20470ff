package io.morsel.prefetch;

import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when the rest of a layer is fetched at once, instead of when the node is quiet.
 *
 * <p>The choice is that between renting and buying: each miss costs a little, the whole layer costs
 * much and ends all misses, and nobody knows how many are still to come. Who buys once the rent
 * paid has come to a fixed part of the price never pays much more than with foresight. So readers
 * go on by misses until
 *
 * <ul>
 *   <li>their requests have waited, each for its answer to begin, for a quarter of the time that
 *       the rest takes to fetch and decode, and were so many that it is no ordinary start: that is
 *       the job which reads small files here and there. The time in which answers come does not
 *       count: it is the price itself; or
 *   <li>their requests have spent that time, and a noticeable one, on the way alone: on a fast line
 *       far away the distance is what a start pays for, and the rest is cheap; or
 *   <li>they have read a third of the layer: that is the job which reads large files.
 * </ul>
 *
 * <p>Rent and price are those of all layers together that are being read and are not complete,
 * since a job reads all layers of its image by turns. The rest of a layer of which hardly anything
 * was asked for can wait all the same.
 *
 * <p>A guess that is wrong costs bandwidth that readers go before. Safe for use by many threads, as
 * far as nothing else is said.
 */
final class FillUrgency {
  private static final Logger log = LoggerFactory.getLogger(FillUrgency.class);

  /** A third of the layer. */
  private static final int READ_SHARE = 3;

  /** A quarter of the time. */
  private static final int WAIT_SHARE = 4;

  /**
   * Fewer requests than this are a start, whatever they cost: those of Python and Java, of which no
   * profile is known, send between 30 and 110.
   */
  static final int LEAST_REQUESTS = 64;

  /** A layer for which fewer requests were sent is not what the job is about. */
  static final int LEAST_OWN_REQUESTS = 4;

  /** A start that has spent less than this on the way is well enough off. */
  static final long LEAST_TRAVEL_NANOS = 400_000_000;

  private final long dataBytes;
  private final long blobBytes;
  private final LongSupplier presentBytes;
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
   * @param presentBytes how many of the uncompressed ones are present by now
   */
  FillUrgency(long dataBytes, long blobBytes, LongSupplier presentBytes) {
    this.dataBytes = dataBytes;
    this.blobBytes = blobBytes;
    this.presentBytes = presentBytes;
  }

  /** Something was read; what is read again, past the kernel's cache, counts again. */
  void read(int lengthBytes) {
    readBytes.add(lengthBytes);
  }

  /** A request that was sent for a reader had to wait for its answer to begin. */
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
   * @param read those of all layers that are being read and are not complete, this one among them
   * @return whether it has become urgent with this
   */
  boolean requested(Collection<FillUrgency> read, LinkEstimate link, DecodePace pace) {
    requests++;
    if (urgent) {
      return false;
    }
    urgent =
        readBytes.sum() >= dataBytes / READ_SHARE
            || (requests >= LEAST_OWN_REQUESTS && isPaid(read, link, pace));
    if (urgent) {
      log.debug(
          "the rest of a layer is fetched at once: {} of {} bytes were read, {} requests waited {} ms",
          readBytes.sum(),
          dataBytes,
          requests,
          TimeUnit.NANOSECONDS.toMillis(waitedNanos.sum()));
    }
    return urgent;
  }

  private static boolean isPaid(Collection<FillUrgency> read, LinkEstimate link, DecodePace pace) {
    int requests = 0;
    long waitedNanos = 0;
    long restBytes = 0;
    for (FillUrgency each : read) {
      requests += each.requests;
      waitedNanos += each.waitedNanos.sum();
      restBytes += each.restBytes();
    }
    long priceNanos = Math.max(link.nanosFor(restBytes), pace.nanosFor(restBytes)) / WAIT_SHARE;
    long travelNanos = requests * link.distanceNanos();
    return (requests >= LEAST_REQUESTS && waitedNanos >= priceNanos)
        || (travelNanos >= LEAST_TRAVEL_NANOS && travelNanos >= priceNanos);
  }

  /** About how many compressed bytes are still to be fetched. */
  private long restBytes() {
    return dataBytes == 0
        ? 0
        : (long) (blobBytes * Math.max(0.0, 1 - (double) presentBytes.getAsLong() / dataBytes));
  }
}
