package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import java.util.function.IntPredicate;

/**
 * A walk over a layer's chunks that fetches what is absent: the prefetch up to the landmark, or the
 * background fill. It costs no memory per chunk. Guarded by the scheduler's lock.
 */
final class BulkWalk implements BulkRun {
  private final ChunkTable table;
  private final PresentBitmap present;
  private final long blobEnd;

  /** The first chunk not looked at yet. */
  private int cursor;

  private boolean done;

  /** A walk over the chunks whose compressed stream starts before {@code blobEnd}. */
  BulkWalk(ChunkTable table, PresentBitmap present, long blobEnd) {
    this.table = table;
    this.present = present;
    this.blobEnd = blobEnd;
  }

  @Override
  public int next(IntPredicate isWanted) {
    int chunk = cursor;
    while (true) {
      chunk = present.nextAbsent(chunk, table.count());
      if (chunk == table.count()) {
        cursor = chunk;
        done = true;
        return -1;
      }
      if (isWanted.test(chunk)) {
        cursor = chunk + 1;
        return chunk;
      }
      chunk++;
    }
  }

  @Override
  public boolean includes(int chunk) {
    return table.blobOffset(chunk) < blobEnd;
  }

  @Override
  public long gapBytes(LinkEstimate link) {
    return LayerFlights.bulkGapBytes(link);
  }

  @Override
  public void planned(int chunk) {
    if (chunk == cursor) {
      cursor++;
    }
  }

  @Override
  public void rewind(int chunk) {
    if (includes(chunk)) {
      cursor = Math.min(cursor, chunk);
      done = false;
    }
  }

  @Override
  public boolean isDone() {
    return done;
  }
}
