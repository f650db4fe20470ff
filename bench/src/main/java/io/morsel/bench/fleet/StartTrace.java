package io.morsel.bench.fleet;

import io.morsel.stargz.ChunkTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * What the start of a container reads of its image, made up from a seed: the same on every node.
 *
 * <p>Files are read in runs, since a start reads whole libraries and small files of one directory.
 * Runs of all layers are mixed, as a program's files are spread over them.
 *
 * @param ranges what is read, in this order
 * @param bytes how much that is, padding between files not counted
 */
record StartTrace(List<Range> ranges, long bytes) {
  private static final int MAX_RUN_CHUNKS = 8;
  private static final long MAX_RUN_BYTES = 1 << 20;

  /**
   * Some adjacent bytes of a layer's data.
   *
   * @param layer the layer's number, the lowest is 0
   */
  record Range(int layer, long dataOffset, long lengthBytes) {}

  /**
   * Chooses as many chunks of each layer as make up the share of its data, rounded up to a whole
   * chunk.
   *
   * @param share over 0 and up to 1
   */
  static StartTrace choose(List<ChunkTable> layers, double share, long seed) {
    Random random = new Random(seed);
    List<Range> ranges = new ArrayList<>();
    long bytes = 0;
    for (int layer = 0; layer < layers.size(); layer++) {
      bytes += choose(layer, layers.get(layer), share, random, ranges);
    }
    Collections.shuffle(ranges, random);
    return new StartTrace(List.copyOf(ranges), bytes);
  }

  private static long choose(
      int layer, ChunkTable table, double share, Random random, List<Range> ranges) {
    long total = 0;
    List<Run> runs = new ArrayList<>();
    for (int first = 0; first < table.count(); ) {
      Run run = run(table, first, 1 + random.nextInt(MAX_RUN_CHUNKS), MAX_RUN_BYTES);
      runs.add(run);
      total += run.bytes;
      first = run.end;
    }
    Collections.shuffle(runs, random);
    long wanted = (long) Math.ceil(total * share);
    long chosen = 0;
    for (Run run : runs) {
      if (chosen >= wanted) {
        break;
      }
      // The last run is cut, so that no layer gives more than its share and one chunk.
      Run cut = run(table, run.first, run.end - run.first, wanted - chosen);
      long start = table.dataOffset(cut.first);
      long end = table.dataOffset(cut.end - 1) + table.dataLength(cut.end - 1);
      ranges.add(new Range(layer, start, end - start));
      chosen += cut.bytes;
    }
    return chosen;
  }

  /** Chunks {@code first} to {@code end}, the latter excluded. */
  private record Run(int first, int end, long bytes) {}

  /** At least one chunk; no further one once so many bytes are there. */
  private static Run run(ChunkTable table, int first, int maxChunks, long enoughBytes) {
    int end = first;
    long bytes = 0;
    do {
      bytes += table.dataLength(end);
      end++;
    } while (end < table.count() && end - first < maxChunks && bytes < enoughBytes);
    return new Run(first, end, bytes);
  }
}
