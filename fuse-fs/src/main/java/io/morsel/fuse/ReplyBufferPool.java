package io.morsel.fuse;

import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/** The buffers of reads that wait for their content; bounded, shared by all mounts. */
final class ReplyBufferPool implements AutoCloseable {
  private final Semaphore permits;
  private final ConcurrentLinkedQueue<ReplyBuffer> free = new ConcurrentLinkedQueue<>();

  ReplyBufferPool(int buffers) {
    permits = new Semaphore(buffers, true);
  }

  /** Takes a buffer, and waits for one where all are in use. */
  ReplyBuffer take() throws InterruptedException, IOException {
    permits.acquire();
    ReplyBuffer buffer = free.poll();
    if (buffer != null) {
      return buffer;
    }
    try {
      return new ReplyBuffer();
    } catch (IOException | RuntimeException | Error e) {
      permits.release();
      throw e;
    }
  }

  /** Gives a buffer back. */
  void give(ReplyBuffer buffer) {
    free.add(buffer);
    permits.release();
  }

  /** Frees the buffers; all must have been given back. */
  @Override
  public void close() {
    for (ReplyBuffer buffer = free.poll(); buffer != null; buffer = free.poll()) {
      buffer.close();
    }
  }
}
