package io.morsel.bench.net;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Direct buffers of one size, kept for their next use: those that come and go with connections
 * would be freed late, and stop the whole process for a collection when they run out. Safe for use
 * by many threads.
 */
final class BufferPool {
  private final int bytes;
  private final Queue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

  BufferPool(int bytes) {
    this.bytes = bytes;
  }

  /** The size of each buffer. */
  int bytes() {
    return bytes;
  }

  ByteBuffer take() {
    ByteBuffer buffer = free.poll();
    return buffer == null ? ByteBuffer.allocateDirect(bytes) : buffer.clear();
  }

  /** Takes back a buffer that nobody uses any more. */
  void give(ByteBuffer buffer) {
    free.add(buffer);
  }
}
