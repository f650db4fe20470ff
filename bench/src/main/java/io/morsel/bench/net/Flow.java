package io.morsel.bench.net;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One direction of one connection on a shaped network: bytes arrive from the sender, wait for their
 * turn on the line, depart, travel for half a round trip, and are due at the receiver, whose
 * acknowledgement travels back as long and opens the window again.
 *
 * <p>A loss keeps what was lost, and all that follows it on the connection, back for a round trip:
 * the time in which TCP would notice and send again. What the second sending takes of the line is
 * left out.
 *
 * <p>One thread reads into it, one writes from it; what is held never exceeds {@link
 * Shape#capacityBytes}.
 */
final class Flow {
  /** Everything before a position of the stream has happened, or will have, at a moment. */
  private record Mark(long position, long nanos) {}

  private final Pacer pacer;
  private final Shape shape;
  private final ReentrantLock lock;
  private final Condition room;
  private final Condition work;
  private final Blocks blocks;
  private final Window window;
  private final long opensAt;

  private final ArrayDeque<Mark> arrivals = new ArrayDeque<>();
  private final ArrayDeque<Mark> dues = new ArrayDeque<>();
  private final ArrayDeque<Mark> acknowledgements = new ArrayDeque<>();

  private long arrived;
  private long departed;
  private long delivered;
  private long acknowledged;

  /** When the last byte that has departed was all sent. */
  private long departedAt;

  private long lastDue;
  private boolean ended;
  private boolean reset;
  private boolean abandoned;

  /**
   * @param opensAt nothing is sent before this moment of the pacer
   * @param pool for blocks
   */
  Flow(Pacer pacer, long opensAt, BufferPool pool) {
    this.pacer = pacer;
    this.shape = pacer.shape();
    this.lock = pacer.lock();
    this.room = pacer.newCondition();
    this.work = pacer.newCondition();
    this.blocks = new Blocks(pool);
    this.window = new Window(shape);
    this.opensAt = opensAt;
  }

  /**
   * Waits until there is room for more from the sender.
   *
   * @return where it is to be put; null if the flow was abandoned
   */
  @Nullable ByteBuffer space() {
    lock.lock();
    try {
      while (!abandoned && arrived - delivered >= shape.capacityBytes()) {
        room.awaitUninterruptibly();
      }
      return abandoned
          ? null
          : blocks.space(arrived, shape.capacityBytes() - (arrived - delivered));
    } finally {
      lock.unlock();
    }
  }

  /** So many bytes were put where {@link #space} said. */
  void arrived(int bytes) {
    long nanos = pacer.now();
    lock.lock();
    try {
      if (abandoned) {
        return;
      }
      if (!hasUnsent()) {
        pacer.enlist(this);
      }
      arrived += bytes;
      arrivals.addLast(new Mark(arrived, Math.max(nanos, opensAt)));
      pacer.changed();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The sender sends nothing more.
   *
   * @param byReset whether its connection broke
   */
  void end(boolean byReset) {
    lock.lock();
    try {
      ended = true;
      reset = byReset;
      // With nothing else on its way, the end itself travels.
      lastDue = Math.max(lastDue, Math.max(pacer.now(), opensAt) + shape.delayNanos());
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until something is due at the receiver.
   *
   * @return bytes that are due; null when all were delivered and the end is due, or if the flow was
   *     abandoned
   */
  @Nullable ByteBuffer due() throws InterruptedException {
    lock.lock();
    try {
      while (!abandoned) {
        long now = pacer.now();
        Mark due = dues.peekFirst();
        if (due != null && due.nanos <= now) {
          return blocks.bytes(delivered, dueBy(now) - delivered);
        }
        if (due != null) {
          var _ = work.awaitNanos(due.nanos - now);
        } else if (!ended || hasUnsent()) {
          work.await();
        } else if (lastDue <= now) {
          blocks.clear();
          return null;
        } else {
          var _ = work.awaitNanos(lastDue - now);
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  private long dueBy(long now) {
    long position = delivered;
    for (Mark due : dues) {
      if (due.nanos > now) {
        break;
      }
      position = due.position;
    }
    return position;
  }

  /** So many bytes of what {@link #due} returned have gone to the receiver. */
  void delivered(int bytes) {
    lock.lock();
    try {
      if (abandoned) {
        return;
      }
      delivered += bytes;
      for (Mark due = dues.peekFirst();
          due != null && due.position <= delivered;
          due = dues.peekFirst()) {
        dues.removeFirst();
      }
      boolean first = acknowledgements.isEmpty();
      acknowledgements.addLast(new Mark(delivered, pacer.now() + shape.delayNanos()));
      blocks.release(delivered);
      room.signal();
      if (first && hasUnsent()) {
        pacer.changed();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether the sender's connection broke, once all was delivered. */
  boolean endedByReset() {
    lock.lock();
    try {
      return reset;
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more is wanted of it; whoever waits for it returns. */
  void abandon() {
    lock.lock();
    try {
      abandoned = true;
      pacer.remove(this);
      room.signalAll();
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What is held of it at this moment. */
  long heldBytes() {
    lock.lock();
    try {
      return arrived - delivered;
    } finally {
      lock.unlock();
    }
  }

  /** Whether something waits for its turn. Under the lock. */
  boolean hasUnsent() {
    return departed < arrived;
  }

  /**
   * When it can send next, as seen at {@code nanos}; {@link Long#MAX_VALUE} if that depends on the
   * receiver. Only for a flow that has something to send. Under the lock.
   */
  long readyAt(long nanos) {
    applyAcknowledgements(nanos);
    Mark arrival = arrivals.getFirst();
    if (departed - acknowledged < window.bytes()) {
      return arrival.nanos;
    }
    Mark next = acknowledgements.peekFirst();
    return next == null ? Long.MAX_VALUE : Math.max(arrival.nanos, next.nanos);
  }

  private void applyAcknowledgements(long nanos) {
    for (Mark next = acknowledgements.peekFirst();
        next != null && next.nanos <= nanos;
        next = acknowledgements.peekFirst()) {
      window.acknowledged(next.position - acknowledged);
      acknowledged = next.position;
      acknowledgements.removeFirst();
    }
  }

  /** How much it can send at {@code nanos}, up to {@code most}. Under the lock. */
  int sendable(long nanos, int most) {
    applyAcknowledgements(nanos);
    if (departed == acknowledged) {
      window.idle(nanos - departedAt);
    }
    long position = departed;
    for (Mark arrival : arrivals) {
      if (arrival.nanos > nanos || position - departed >= most) {
        break;
      }
      position = arrival.position;
    }
    // A loss may have made the window smaller than what is on its way: never none at all, since
    // it was found to be open.
    long open = Math.max(window.bytes() - (departed - acknowledged), 1);
    return (int) Math.min(Math.min(position - departed, open), most);
  }

  /** So many bytes leave between these moments. Under the lock. */
  void depart(int bytes, long start, long end, boolean lost) {
    departed += bytes;
    departedAt = end;
    for (Mark arrival = arrivals.peekFirst();
        arrival != null && arrival.position <= departed;
        arrival = arrivals.peekFirst()) {
      arrivals.removeFirst();
    }
    long due = end + shape.delayNanos();
    if (lost) {
      due += shape.rttNanos();
      window.lost(start);
    }
    lastDue = Math.max(lastDue, due);
    boolean first = dues.isEmpty();
    dues.addLast(new Mark(departed, lastDue));
    if (first) {
      work.signal();
    }
  }
}
