package io.morsel.prefetch;

import java.util.concurrent.atomic.AtomicLong;

/** How many bytes something may still cost. Safe for use by many threads. */
public final class ByteBudget {
  private final AtomicLong left;

  /** A budget of this many bytes. */
  public ByteBudget(long bytes) {
    this.left = new AtomicLong(bytes);
  }

  /** Takes so many bytes out; false, and nothing is taken, where there are not as many left. */
  public boolean take(long bytes) {
    return left.getAndUpdate(now -> bytes <= now ? now - bytes : now) >= bytes;
  }
}
