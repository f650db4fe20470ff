package io.morsel.ttrpc;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The frames of one call that were received and not yet taken, up to a bound. Safe for use by many
 * threads.
 */
final class Inbox {
  private final TtrpcMethod<?, ?> method;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Frame> frames = new ArrayDeque<>();
  private @Nullable Function<TtrpcMethod<?, ?>, TtrpcException> failure;

  Inbox(TtrpcMethod<?, ?> method, int capacity) {
    this.method = method;
    this.capacity = capacity;
  }

  /**
   * Adds a frame, where room is made for it before the deadline.
   *
   * @return false where the call's reader is too slow; it should be failed
   */
  boolean offer(Frame frame, Deadline patience) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (frames.size() >= capacity && failure == null) {
        if (!patience.await(changed)) {
          return false;
        }
      }
      if (failure == null) {
        frames.add(frame);
        changed.signalAll();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Lets {@link #take} fail once it has taken what is here; only the first failure counts. */
  void fail(Function<TtrpcMethod<?, ?>, TtrpcException> why) {
    lock.lock();
    try {
      if (failure == null) {
        failure = why;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next frame, or null where none came before the deadline.
   *
   * @throws TtrpcException if the call failed
   */
  @Nullable Frame take(Deadline deadline) throws TtrpcException, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        Frame frame = frames.poll();
        if (frame != null) {
          changed.signalAll();
          return frame;
        }
        if (failure != null) {
          throw failure.apply(method);
        }
        if (!deadline.await(changed)) {
          return null;
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
