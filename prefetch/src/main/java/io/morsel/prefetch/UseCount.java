package io.morsel.prefetch;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts who is inside of something that may be closed, so that closing can wait for them. */
final class UseCount {
  private static final int SHUT = 1 << 30;

  private final AtomicInteger state = new AtomicInteger();
  private final CountDownLatch left = new CountDownLatch(1);

  /** Goes in; false where it is shut. */
  boolean enter() {
    int before = state.get();
    while ((before & SHUT) == 0) {
      int seen = state.compareAndExchange(before, before + 1);
      if (seen == before) {
        return true;
      }
      before = seen;
    }
    return false;
  }

  /** Goes out. */
  void exit() {
    if (state.decrementAndGet() == SHUT) {
      left.countDown();
    }
  }

  /** Lets nobody in any more; whether this call did it. */
  boolean shut() {
    int before = state.getAndUpdate(s -> s | SHUT);
    if (before == 0) {
      left.countDown();
    }
    return (before & SHUT) == 0;
  }

  /** Returns once it is shut and everybody has left. */
  void awaitEmpty() {
    boolean interrupted = false;
    while (true) {
      try {
        left.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
