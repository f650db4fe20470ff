package io.morsel.prefetch;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One range of a layer's blob, to be fetched by one request, and the chunks wanted out of it.
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

  /** In the order of the blob. */
  final List<Unit> units;

  /** How far into the blob the request has come. */
  volatile long position;

  /** Runs the request; guarded by the scheduler's lock. */
  @Nullable Thread thread;

  FetchRequest(LayerData layer, FetchPriority priority, List<Unit> units) {
    Unit last = units.getLast();
    this.layer = layer;
    this.priority = priority;
    this.units = units;
    this.blobOffset = units.getFirst().blobOffset();
    this.lengthBytes = last.blobOffset() + last.lengthBytes() - blobOffset;
    this.position = blobOffset;
  }
}
