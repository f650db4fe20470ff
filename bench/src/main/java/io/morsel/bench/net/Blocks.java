package io.morsel.bench.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * The bytes of a stream between two of its positions, in blocks that are taken from a pool when
 * bytes come, and given back when they have gone.
 *
 * <p>Its methods are for use under a lock; the buffers that they return are read and written
 * outside of it, by one reader and one writer.
 */
final class Blocks {
  private static final int BLOCK_BYTES = 32 << 10;

  private final Queue<ByteBuffer> pool;
  private final ArrayDeque<ByteBuffer> blocks = new ArrayDeque<>();

  /** The index of the first block, counted from the stream's beginning. */
  private long firstBlock;

  /**
   * @param pool of direct buffers, shared by many; safe for use by many threads
   */
  Blocks(Queue<ByteBuffer> pool) {
    this.pool = pool;
  }

  /** Where bytes from this position on, the stream's end, are to be put; at most so many. */
  ByteBuffer space(long position, long most) {
    if (position / BLOCK_BYTES - firstBlock == blocks.size()) {
      ByteBuffer pooled = pool.poll();
      blocks.addLast(pooled != null ? pooled : ByteBuffer.allocateDirect(BLOCK_BYTES));
    }
    return part(blocks.getLast(), position, most);
  }

  /** The bytes from this position on, the first that are kept; at most so many, at least one. */
  ByteBuffer bytes(long position, long most) {
    return part(blocks.getFirst(), position, most);
  }

  private static ByteBuffer part(ByteBuffer block, long position, long most) {
    int offset = (int) (position % BLOCK_BYTES);
    return block.slice(offset, (int) Math.min(BLOCK_BYTES - offset, most));
  }

  /** What lies before this position is no longer needed. */
  void release(long position) {
    while (!blocks.isEmpty() && position / BLOCK_BYTES > firstBlock) {
      pool.add(blocks.removeFirst());
      firstBlock++;
    }
  }
}
