package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames to a connection, in the order in which they are offered, on a thread of its own.
 *
 * <p>Callers never write themselves: a thread that is interrupted while it writes to a channel
 * closes it, and with it every other call of the connection. What waits to be written is bounded;
 * beyond that, callers wait. Safe for use by many threads.
 */
final class FrameWriter {
  private static final int MAX_QUEUED_BYTES = 1 << 20;
  private static final int BUFFER_BYTES = 16 << 10;

  private final WritableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition notEmpty = lock.newCondition();
  private final Queue<Frame> queue = new ArrayDeque<>();
  private long queuedBytes;
  private boolean writing;
  private boolean closed;

  FrameWriter(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Begins to write; {@code onFailure} is called once where the connection breaks. */
  void start(String threadName, Consumer<IOException> onFailure) {
    Thread.ofVirtual().name(threadName).start(() -> run(onFailure));
  }

  /**
   * Has {@code frame} written after those before it.
   *
   * @return false where there was no room for it before the deadline
   * @throws ClosedChannelException if the connection has ended
   */
  boolean offer(Frame frame, Deadline deadline)
      throws ClosedChannelException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed && !queue.isEmpty() && queuedBytes + frame.bytes() > MAX_QUEUED_BYTES) {
        if (!deadline.await(changed)) {
          return false;
        }
      }
      if (closed) {
        throw new ClosedChannelException();
      }
      queue.add(frame);
      queuedBytes += frame.bytes();
      notEmpty.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all that was offered is written; false where it takes longer than it may. */
  boolean drain(Deadline deadline) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed && (writing || !queue.isEmpty())) {
        if (!deadline.await(changed)) {
          return false;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Accepts and writes no more; the channel is its owner's to close. */
  void close() {
    lock.lock();
    try {
      closed = true;
      queue.clear();
      queuedBytes = 0;
      changed.signalAll();
      notEmpty.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void run(Consumer<IOException> onFailure) {
    try {
      Frame frame = next();
      while (frame != null) {
        put(frame);
        frame = next();
      }
    } catch (IOException e) {
      close();
      onFailure.accept(e);
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
    }
  }

  /** The next frame, once there is one; null at the end. Writes out what is buffered meanwhile. */
  private @Nullable Frame next() throws IOException, InterruptedException {
    Frame ready = poll();
    if (ready != null) {
      return ready;
    }
    flush();
    lock.lockInterruptibly();
    try {
      if (writing) {
        writing = false;
        changed.signalAll();
      }
      while (queue.isEmpty()) {
        if (closed) {
          return null;
        }
        notEmpty.await();
      }
    } finally {
      lock.unlock();
    }
    return poll();
  }

  private @Nullable Frame poll() {
    lock.lock();
    try {
      Frame frame = queue.poll();
      if (frame != null) {
        writing = true;
        queuedBytes -= frame.bytes();
        changed.signalAll();
      }
      return frame;
    } finally {
      lock.unlock();
    }
  }

  private void put(Frame frame) throws IOException {
    if (buffer.remaining() < Frame.HEADER_BYTES) {
      flush();
    }
    frame.putHeader(buffer);
    ByteString payload = frame.payload();
    int written = 0;
    while (written < payload.size()) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = Math.min(buffer.remaining(), payload.size() - written);
      payload.substring(written, written + n).copyTo(buffer);
      written += n;
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }
}
