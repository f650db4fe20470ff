package io.morsel.bench.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.stargz.ChunkTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every chosen trace has in common, whatever the layers are. */
final class StartTraceTest {
  private static final int MAX_CHUNK_BYTES = 300_000;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void takesTheShareOfEachLayer(long seed) {
    Random random = new Random(seed);
    List<ChunkTable> layers = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      layers.add(new Table(random, random.nextInt(500)));
    }
    double share = random.nextInt(5) == 0 ? 1 : 0.01 + 0.9 * random.nextDouble();

    StartTrace trace = StartTrace.choose(layers, share, seed);

    assertThat(StartTrace.choose(layers, share, seed)).as("seed %d", seed).isEqualTo(trace);
    long all = 0;
    for (int i = 0; i < layers.size(); i++) {
      long chosen = chosenBytes(trace, i, layers.get(i));
      long total = new Whole(layers.get(i)).bytes();
      all += chosen;
      assertThat(chosen)
          .as("layer %d of seed %d", i, seed)
          .isBetween((long) Math.ceil(total * share), (long) (total * share) + MAX_CHUNK_BYTES + 1);
    }
    assertThat(trace.bytes()).as("seed %d", seed).isEqualTo(all);
  }

  /** Counts the chunks in a layer's ranges, and that no range overlaps another. */
  private static long chosenBytes(StartTrace trace, int layer, ChunkTable table) {
    long bytes = 0;
    long last = 0;
    List<StartTrace.Range> ranges =
        trace.ranges().stream()
            .filter(range -> range.layer() == layer)
            .sorted(Comparator.comparingLong(StartTrace.Range::dataOffset))
            .toList();
    for (StartTrace.Range range : ranges) {
      assertThat(range.dataOffset()).isGreaterThanOrEqualTo(last);
      last = range.dataOffset() + range.lengthBytes();
      for (int i = table.firstEndingAfter(range.dataOffset());
          i < table.count() && table.dataOffset(i) < last;
          i++) {
        bytes += table.dataLength(i);
      }
    }
    return bytes;
  }

  /** A layer's chunks altogether. */
  private record Whole(ChunkTable table) {
    long bytes() {
      long bytes = 0;
      for (int i = 0; i < table.count(); i++) {
        bytes += table.dataLength(i);
      }
      return bytes;
    }
  }

  /** Chunks of any length, with gaps. */
  private static final class Table implements ChunkTable {
    private final List<long[]> chunks = new ArrayList<>();

    Table(Random random, int count) {
      long offset = 0;
      for (int i = 0; i < count; i++) {
        int length = 1 + random.nextInt(MAX_CHUNK_BYTES);
        chunks.add(new long[] {offset, length});
        offset += length + random.nextInt(4096);
      }
    }

    @Override
    public int count() {
      return chunks.size();
    }

    @Override
    public long dataOffset(int chunk) {
      return chunks.get(chunk)[0];
    }

    @Override
    public int dataLength(int chunk) {
      return (int) chunks.get(chunk)[1];
    }

    @Override
    public long blobOffset(int chunk) {
      return dataOffset(chunk);
    }

    @Override
    public long blobLength(int chunk) {
      return dataLength(chunk);
    }

    @Override
    public long innerOffset(int chunk) {
      return 0;
    }

    @Override
    public void sha256(int chunk, byte[] target) {
      throw new UnsupportedOperationException("no content");
    }

    @Override
    public int firstEndingAfter(long dataOffset) {
      int i = 0;
      while (i < count() && dataOffset(i) + dataLength(i) <= dataOffset) {
        i++;
      }
      return i;
    }
  }
}
