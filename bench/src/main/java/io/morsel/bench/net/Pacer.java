package io.morsel.bench.net;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The line of one direction: its flows take turns, and each quantum leaves at the moment when a
 * line of that rate would have sent it.
 *
 * <p>Those moments are computed, not waited for: a quantum begins when the one before it has ended,
 * or when its bytes came, or its window opened, if that is later. Whoever comes late, a thread that
 * the system did not wake in time above all, finds the line where it should be, and since bytes
 * then travel for half a round trip, lateness up to that changes nothing at all.
 *
 * <p>Safe for use by many threads; its lock guards its flows too.
 */
final class Pacer implements AutoCloseable {
  private static final long MIN_TICK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long MAX_TICK_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  /** The same losses in each run, as far as the same is sent. */
  private static final long SEED = 20260101;

  private final Shape shape;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Flow> turns = new ArrayDeque<>();
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final long originNanos = System.nanoTime();
  private final long tickNanos;
  private final Thread thread;

  /** When the line has sent what it was given so far. */
  private long freeAt;

  /** When the thread looks again; {@link Long#MAX_VALUE} while it waits to be told. */
  private long wakesAt;

  private boolean closed;

  private Pacer(String name, Shape shape) {
    this.shape = shape;
    this.tickNanos = Math.clamp(shape.rttNanos() / 8, MIN_TICK_NANOS, MAX_TICK_NANOS);
    this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
  }

  /** A line with its thread. */
  static Pacer start(String name, Shape shape) {
    Pacer pacer = new Pacer(name, shape);
    pacer.thread.start();
    return pacer;
  }

  Shape shape() {
    return shape;
  }

  /** For the flows' own methods, and their waiting. */
  ReentrantLock lock() {
    return lock;
  }

  Condition newCondition() {
    return lock.newCondition();
  }

  /** Nanoseconds since this pacer began; all its moments are such. */
  long now() {
    return System.nanoTime() - originNanos;
  }

  /** The moment that {@link System#nanoTime} gave. */
  long moment(long nanoTime) {
    return nanoTime - originNanos;
  }

  /** The flow has something to send again. Under the lock. */
  void enlist(Flow flow) {
    turns.addLast(flow);
  }

  /** The flow sends nothing more. Under the lock. */
  void remove(Flow flow) {
    turns.remove(flow);
  }

  /** Sends what can be sent by now, since something has changed. Under the lock. */
  void changed() {
    long now = now();
    long next = send(now);
    if (next != Long.MAX_VALUE && wakesAt > Math.max(next, now + tickNanos)) {
      LockSupport.unpark(thread);
    }
  }

  /** Gives turns up to this moment; returns when there is something to send next. */
  private long send(long now) {
    while (true) {
      Flow next = null;
      long start = Long.MAX_VALUE;
      for (Iterator<Flow> flows = turns.iterator(); flows.hasNext() && start > freeAt; ) {
        Flow flow = flows.next();
        long ready = Math.max(flow.readyAt(freeAt), freeAt);
        if (ready < start) {
          start = ready;
          next = flow;
        }
      }
      if (next == null || start > now) {
        return start;
      }
      transmit(next, start);
    }
  }

  private void transmit(Flow flow, long start) {
    if (turns.peekFirst() == flow) {
      turns.removeFirst();
    } else {
      turns.remove(flow);
    }
    int bytes = flow.sendable(start, shape.quantumBytes());
    freeAt = start + shape.lineNanos(bytes);
    boolean lost = shape.segmentLoss() > 0 && random.nextDouble() < shape.loss(bytes);
    flow.depart(bytes, start, freeAt, lost);
    if (flow.hasUnsent()) {
      turns.addLast(flow);
    }
  }

  private void run() {
    Linux.wakePrecisely();
    while (true) {
      long now;
      long sleepNanos;
      lock.lock();
      try {
        if (closed) {
          return;
        }
        now = now();
        long next = send(now);
        wakesAt = next == Long.MAX_VALUE ? next : Math.max(next, now + tickNanos);
        sleepNanos = wakesAt - now;
      } finally {
        lock.unlock();
      }
      // A wake-up between unlocking and here is not lost: parking then returns at once.
      if (sleepNanos == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, sleepNanos);
      }
    }
  }

  /** Ends its thread; nothing is sent any more. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      turns.clear();
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(thread);
  }
}
