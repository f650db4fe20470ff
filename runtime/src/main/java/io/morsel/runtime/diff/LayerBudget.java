package io.morsel.runtime.diff;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.LayerLimits;

/** Counts what a layer, which is hostile input, makes; for one thread. */
final class LayerBudget {
  private final LayerLimits limits;
  private long entries;
  private long dataBytes;

  LayerBudget(LayerLimits limits) {
    this.limits = limits;
  }

  int maxDepth() {
    return limits.maxDepth();
  }

  /** Counts a file or directory that is made. */
  void entry() throws LayerFormatException {
    entries++;
    check(entries, limits.maxEntries(), "entries");
  }

  /** Counts the size of a regular file with its holes. */
  void data(long bytes) throws LayerFormatException {
    check(bytes, limits.maxDataBytes(), "bytes of files");
    dataBytes += bytes;
    check(dataBytes, limits.maxDataBytes(), "bytes of files");
  }

  /** Checks how deep a path is nested. */
  void depth(String path) throws LayerFormatException {
    long depth = path.isEmpty() ? 0 : 1 + path.chars().filter(c -> c == '/').count();
    check(depth, limits.maxDepth(), "nested directories");
  }

  private static void check(long actual, long limit, String what) throws LayerFormatException {
    if (actual > limit) {
      throw new LayerFormatException(
          Kind.TOO_LARGE, "the layer has more than %d %s (see [limits])".formatted(limit, what));
    }
  }
}
