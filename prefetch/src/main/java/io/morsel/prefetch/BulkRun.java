package io.morsel.prefetch;

/**
 * A walk over a layer's chunks that fetches what is absent: the prefetch up to the landmark, or the
 * background fill. It costs no memory per chunk. Guarded by the scheduler's lock.
 */
final class BulkRun {
  /** Only chunks whose compressed stream starts before this are meant. */
  final long blobEnd;

  /** The first chunk not looked at yet. */
  int cursor;

  /** Whether the walk has come to its end. */
  boolean done;

  BulkRun(long blobEnd) {
    this.blobEnd = blobEnd;
  }

  /** Goes back to a chunk that could not be had. */
  void rewind(int chunk) {
    cursor = Math.min(cursor, chunk);
    done = false;
  }
}
