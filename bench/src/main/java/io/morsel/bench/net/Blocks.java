package io.morsel.bench.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * The bytes of a stream between two of its positions, in blocks that are taken from a pool when
 * bytes come, and given back when they have gone.
 *
 * <p>Its methods are for use under a lock; the buffers that they return are read and written
 * outside of it, by one reader and one writer.
 */
final class Blocks {
  private final BufferPool pool;
  private final ArrayDeque<ByteBuffer> blocks = new ArrayDeque<>();

  /** The index of the first block, counted from the stream's beginning. */
  private long firstBlock;

  Blocks(BufferPool pool) {
    this.pool = pool;
  }

  /** Where bytes from this position on, the stream's end, are to be put; at most so many. */
  ByteBuffer space(long position, long most) {
    if (position / pool.bytes() - firstBlock == blocks.size()) {
      blocks.addLast(pool.take());
    }
    return part(blocks.getLast(), position, most);
  }

  /** The bytes from this position on, the first that are kept; at most so many, at least one. */
  ByteBuffer bytes(long position, long most) {
    return part(blocks.getFirst(), position, most);
  }

  private ByteBuffer part(ByteBuffer block, long position, long most) {
    int offset = (int) (position % pool.bytes());
    return block.slice(offset, (int) Math.min(pool.bytes() - offset, most));
  }

  /** What lies before this position is no longer needed. */
  void release(long position) {
    while (!blocks.isEmpty() && position / pool.bytes() > firstBlock) {
      pool.give(blocks.removeFirst());
      firstBlock++;
    }
  }

  /** Nothing is needed any more, and nobody uses what was returned. */
  void clear() {
    blocks.forEach(pool::give);
    blocks.clear();
  }
}
