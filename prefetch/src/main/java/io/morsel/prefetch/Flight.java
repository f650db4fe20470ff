package io.morsel.prefetch;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One chunk on its way: from the first wish for it until it is stored, or can't be had.
 *
 * <p>Fields are guarded by the scheduler's lock; what is set before a latch opens may be read
 * without it afterwards.
 */
final class Flight {
  /** Where the chunk is. */
  enum State {
    /** Waits for a request that takes it along. */
    QUEUED,
    /** A request that covers it was sent. */
    REQUESTED,
    /** Its bytes have arrived and are being decoded, verified and written. */
    ARRIVED,
    /** Stored, or failed. */
    ENDED
  }

  /** How a flight failed, which decides what its waiters do. */
  enum Failure {
    /** The network or the registry: trying again may help. */
    TRANSIENT,
    /** The chunk fails its digest, or the registry refuses: trying again at once does not help. */
    LASTING,
    /** The disk did not take the chunk; its content is there. */
    UNSTORED
  }

  final int chunk;

  /** Opens when the content is verified, or the flight failed. */
  final CountDownLatch verified = new CountDownLatch(1);

  /** Opens when the flight ended. */
  final CountDownLatch ended = new CountDownLatch(1);

  FetchPriority priority;
  State state = State.QUEUED;
  @Nullable FetchRequest request;
  int waiters;

  /** Whether it was fetched again because it failed its digest. */
  boolean refetched;

  @Nullable Failure failure;
  @Nullable IOException cause;

  /** What decodes the chunk, once it has arrived. */
  DecodePool.@Nullable Task task;

  /** Held by the flight from when it is verified until it ended and nobody waits. */
  @Nullable Content content;

  Flight(int chunk, FetchPriority priority) {
    this.chunk = chunk;
    this.priority = priority;
  }
}
