package io.morsel.prefetch;

import java.util.function.IntPredicate;

/**
 * Chunks of a layer that are fetched without anybody waiting for them, one request after the other.
 * Guarded by the scheduler's lock.
 */
sealed interface BulkRun permits BulkWalk, ReplayRun {
  /**
   * The chunk to start the next request with.
   *
   * @param isWanted whether a chunk is still to be fetched, and may be
   * @return -1 where nothing is left, and {@link #isDone} from now on
   */
  int next(IntPredicate isWanted);

  /** Whether this chunk may go along with the last one that {@link #next} gave. */
  boolean includes(int chunk);

  /** What a request reads over at most, between two chunks, rather than ending. */
  long gapBytes(LinkEstimate link);

  /** A request was planned that brings this chunk. */
  void planned(int chunk);

  /** Goes back to a chunk that could not be had. */
  void rewind(int chunk);

  /** Whether nothing is left to fetch. */
  boolean isDone();
}
