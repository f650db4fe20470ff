package io.morsel.prefetch;

import io.morsel.registry.ByteRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is fetched of a layer's blob by one request: a range, or several where much lies between
 * them that nobody wants; and the chunks wanted out of it.
 *
 * <p>It carries all that its runner needs, so that the runner never touches a layer's index, which
 * may be closed while the network dawdles.
 */
final class FetchRequest {
  /**
   * Chunks that share one compressed stream.
   *
   * @param blobOffset where the stream starts in the blob
   * @param lengthBytes how many bytes of the blob hold what is wanted of it
   * @param chunks the wanted chunks in it
   */
  record Unit(long blobOffset, int lengthBytes, List<Integer> chunks) {}

  final LayerData layer;
  final FetchPriority priority;
  final long blobOffset;
  final long lengthBytes;

  /** In the order of the blob, apart from each other. */
  final List<ByteRange> ranges;

  /** In the order of the blob. */
  final List<Unit> units;

  /** How far into the blob the request has come. */
  volatile long position;

  /** Runs the request; guarded by the scheduler's lock. */
  @Nullable Thread thread;

  /**
   * A request that was not sent yet.
   *
   * @param gapBytes what lies between two units and is more is left out
   */
  FetchRequest(LayerData layer, FetchPriority priority, List<Unit> units, long gapBytes) {
    Unit last = units.getLast();
    this.layer = layer;
    this.priority = priority;
    this.units = units;
    this.blobOffset = units.getFirst().blobOffset();
    this.lengthBytes = last.blobOffset() + last.lengthBytes() - blobOffset;
    this.position = blobOffset;
    this.ranges = ranges(units, gapBytes);
  }

  private static List<ByteRange> ranges(List<Unit> units, long gapBytes) {
    List<ByteRange> ranges = new ArrayList<>();
    long start = units.getFirst().blobOffset();
    long end = start;
    for (Unit unit : units) {
      if (unit.blobOffset() - end > gapBytes) {
        ranges.add(new ByteRange(start, end - start));
        start = unit.blobOffset();
      }
      end = Math.max(end, unit.blobOffset() + unit.lengthBytes());
    }
    ranges.add(new ByteRange(start, end - start));
    return List.copyOf(ranges);
  }

  /** How many of the bytes that the request brings are between these places in the blob. */
  long bytesBetween(long from, long to) {
    long bytes = 0;
    for (ByteRange range : ranges) {
      bytes += Math.max(0, Math.min(to, range.end()) - Math.max(from, range.offset()));
    }
    return bytes;
  }

  /** How many bytes the request has brought so far. */
  long transferredBytes() {
    return bytesBetween(blobOffset, position);
  }
}
