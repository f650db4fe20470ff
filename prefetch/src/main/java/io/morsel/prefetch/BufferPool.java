package io.morsel.prefetch;

import io.morsel.stargz.ChunkDecoder;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Direct buffers for reuse, in sizes that are powers of two, each with the room behind it that
 * decoders like to have.
 *
 * <p>Bounded in what lies idle; what is in use is bounded by those who take. Safe for use by many
 * threads.
 */
final class BufferPool {
  private static final int SMALLEST_SHIFT = 12;
  private static final int LARGEST_SHIFT = 30;
  private static final int SPARE_BYTES = ChunkDecoder.SPARE_BYTES;

  private final long maxIdleBytes;
  private final AtomicLong idleBytes = new AtomicLong();
  private final AtomicLong takenBytes = new AtomicLong();
  private final ConcurrentLinkedQueue<ByteBuffer>[] idle;

  /** A pool that keeps at most this much for reuse. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // Java has no arrays of parameterized types.
  BufferPool(long maxIdleBytes) {
    this.maxIdleBytes = maxIdleBytes;
    this.idle = new ConcurrentLinkedQueue[LARGEST_SHIFT - SMALLEST_SHIFT + 1];
    for (int i = 0; i < idle.length; i++) {
      idle[i] = new ConcurrentLinkedQueue<>();
    }
  }

  /**
   * A buffer with this limit, to be given back by {@link #give}; at least {@link
   * ChunkDecoder#SPARE_BYTES} are behind the limit.
   */
  ByteBuffer take(int lengthBytes) {
    int shift = shift(lengthBytes);
    ByteBuffer buffer = idle[shift - SMALLEST_SHIFT].poll();
    if (buffer == null) {
      buffer = ByteBuffer.allocateDirect((1 << shift) + SPARE_BYTES);
    } else {
      idleBytes.addAndGet(-buffer.capacity());
    }
    takenBytes.addAndGet(buffer.capacity());
    return buffer.clear().limit(lengthBytes);
  }

  /** Takes a buffer back; nobody may use it, nor a view of it, any more. */
  void give(ByteBuffer buffer) {
    int capacity = buffer.capacity();
    takenBytes.addAndGet(-capacity);
    if (idleBytes.addAndGet(capacity) > maxIdleBytes) {
      idleBytes.addAndGet(-capacity);
      return;
    }
    idle[shift(capacity - SPARE_BYTES) - SMALLEST_SHIFT].add(buffer);
  }

  /** How many bytes are taken and not given back. */
  long takenBytes() {
    return takenBytes.get();
  }

  private static int shift(int lengthBytes) {
    if (lengthBytes > 1 << LARGEST_SHIFT) {
      throw new IllegalArgumentException("a buffer of " + lengthBytes + " bytes");
    }
    return Math.max(
        SMALLEST_SHIFT, 32 - Integer.numberOfLeadingZeros(Math.max(1, lengthBytes) - 1));
  }
}
