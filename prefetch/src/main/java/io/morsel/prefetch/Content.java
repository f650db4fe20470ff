package io.morsel.prefetch;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The verified bytes of one chunk in a pooled buffer, which goes back when the last holder releases
 * it.
 */
final class Content {
  private final BufferPool pool;
  private final ByteBuffer buffer;
  private final int lengthBytes;
  private final AtomicInteger holders = new AtomicInteger(1);

  private Content(BufferPool pool, ByteBuffer buffer, int lengthBytes) {
    this.pool = pool;
    this.buffer = buffer;
    this.lengthBytes = lengthBytes;
  }

  /** Room for a chunk, held by the caller. */
  static Content allocate(BufferPool pool, int lengthBytes) {
    return new Content(pool, pool.take(lengthBytes), lengthBytes);
  }

  int lengthBytes() {
    return lengthBytes;
  }

  /** A buffer over the bytes, with a position of its own; only for holders. */
  ByteBuffer view() {
    return buffer.duplicate().clear().limit(lengthBytes);
  }

  /** The buffer with all its room, for who fills it. */
  ByteBuffer room() {
    return buffer.duplicate().clear();
  }

  /** Copies as many bytes from {@code from} on as there are and {@code target} has room for. */
  void copyTo(int from, ByteBuffer target) {
    int length = Math.min(lengthBytes - from, target.remaining());
    target.put(target.position(), buffer, from, length);
    target.position(target.position() + length);
  }

  /** Becomes a holder, unless the last one has gone. */
  boolean retain() {
    int before = holders.get();
    while (before > 0) {
      int seen = holders.compareAndExchange(before, before + 1);
      if (seen == before) {
        return true;
      }
      before = seen;
    }
    return false;
  }

  /** Ceases to be a holder. */
  void release() {
    int left = holders.decrementAndGet();
    if (left == 0) {
      pool.give(buffer);
    } else if (left < 0) {
      throw new IllegalStateException("released more often than retained");
    }
  }
}
