package io.morsel.prefetch;

/**
 * How much a reader's miss brings along of what stands behind it in the blob.
 *
 * <p>A request costs a round trip and the registry's time, whatever its length: as many more bytes
 * as come in that time cost no more than the next miss would. Files that are used together mostly
 * stand together, since they are packed by directory. Who reads on where the last request ended is
 * likely to go on, and gets twice as much each time, as in the kernel's own read-ahead.
 *
 * <p>Several readers may go on in different places of a layer; a few of them are remembered.
 * Guarded by the scheduler's lock.
 */
final class ReadAhead {
  private static final int STREAMS = 8;

  /**
   * A reader that skips this many chunks still goes on: small files are left out here and there.
   */
  private static final int MAX_SKIPPED_CHUNKS = 16;

  /** Less is never worth a request of its own. */
  private static final long LEAST_BYTES = 64 << 10;

  private final long baseBytes;
  private final int maxBytes;

  /** Where requests ended, as chunk numbers, and how much they brought along. */
  private final int[] ends = new int[STREAMS];

  private final long[] windows = new long[STREAMS];
  private int current;

  /**
   * A read-ahead that knows of no reader yet.
   *
   * @param baseBytes at most, for a reader that comes from nowhere; 0 for no read-ahead at all
   * @param maxBytes for one that goes on and on
   */
  ReadAhead(long baseBytes, int maxBytes) {
    this.baseBytes = baseBytes;
    this.maxBytes = maxBytes;
  }

  /**
   * How many bytes to bring along with a request.
   *
   * @param first the first chunk that is wished for
   * @param end the chunk after the last one that is
   * @param worthwhileBytes what the network brings in the time of a request
   */
  long next(int first, int end, long worthwhileBytes) {
    if (baseBytes == 0) {
      return 0;
    }
    for (int i = 0; i < STREAMS; i++) {
      if (windows[i] > 0 && first <= ends[i] + MAX_SKIPPED_CHUNKS && end > ends[i]) {
        current = i;
        windows[i] = Math.min(maxBytes, 2 * windows[i]);
        return windows[i];
      }
    }
    // The place of the reader that has been remembered for longest.
    current = (current + 1) % STREAMS;
    windows[current] = Math.min(baseBytes, Math.max(LEAST_BYTES, worthwhileBytes));
    return windows[current];
  }

  /** The request that {@link #next} was asked for ends before this chunk. */
  void planned(int end) {
    ends[current] = end;
  }
}
