package io.morsel.runtime.gc;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the {@link Collector}: shortly after the start, after deletions, after many mutations, and
 * when somebody waits for it; but seldom enough that others wait for it two hundredths of the time.
 *
 * <p>The figures are the defaults of containerd's scheduler plugin. Safe for use by many threads.
 */
public final class Scheduler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Scheduler.class);

  private static final double PAUSE_THRESHOLD = 0.02;
  private static final int MUTATION_THRESHOLD = 100;
  private static final long STARTUP_DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long RETRY_DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Is told of collections; safe for use by many threads, and quick. */
  public interface Observer {
    /** A collection is done. */
    void collected(long nanos);

    /** A collection failed. */
    void failed();
  }

  private static final Observer NOBODY =
      new Observer() {
        @Override
        public void collected(long nanos) {}

        @Override
        public void failed() {}
      };

  private final Collector collector;
  private final Observer observer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private List<CompletableFuture<Void>> waiters = new ArrayList<>();
  private long earliestNanos = System.nanoTime() + STARTUP_DELAY_NANOS;
  private boolean due = true;
  private int mutations;
  private boolean closed;

  private Scheduler(Collector collector, Observer observer) {
    this.collector = collector;
    this.observer = observer;
    this.thread = Thread.ofVirtual().name("gc").unstarted(this::run);
  }

  /** Starts to schedule. */
  public static Scheduler start(Collector collector) {
    return start(collector, NOBODY);
  }

  /** Starts to schedule, and tells somebody of it. */
  public static Scheduler start(Collector collector, Observer observer) {
    Scheduler scheduler = new Scheduler(collector, observer);
    scheduler.thread.start();
    return scheduler;
  }

  /**
   * Something changed.
   *
   * @param garbage whether anything was deleted since the last collection
   */
  public void mutated(boolean garbage) {
    lock.lock();
    try {
      mutations++;
      if (garbage || mutations >= MUTATION_THRESHOLD) {
        due = true;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has a collection begin at once, and returns when it is done.
   *
   * @throws ContainerdException if it failed, or the caller was interrupted
   */
  public void collectAndWait() throws ContainerdException {
    CompletableFuture<Void> done = new CompletableFuture<>();
    lock.lock();
    try {
      if (closed) {
        throw new ContainerdException(ErrorClass.UNAVAILABLE, "the core stops");
      }
      waiters.add(done);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      done.get();
    } catch (ExecutionException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN,
          "gc failed: " + Objects.requireNonNullElse(e.getCause(), e).getMessage(),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.CANCELED, "waiting for gc", e);
    }
  }

  private void run() {
    long busyNanos = 0;
    int collections = 0;
    try {
      while (true) {
        List<CompletableFuture<Void>> served = awaitTurn();
        if (served == null) {
          return;
        }
        long pauseNanos = RETRY_DELAY_NANOS;
        Throwable failure = null;
        try {
          long start = System.nanoTime();
          busyNanos += collector.collect();
          collections++;
          observer.collected(System.nanoTime() - start);
          double mean = (double) busyNanos / collections;
          pauseNanos = (long) (mean / PAUSE_THRESHOLD - mean);
        } catch (ContainerdException | RuntimeException | Error e) {
          // Whatever it is, who waits has to hear of it, and the next one may do better.
          log.error("garbage collection failed: {}", e.toString());
          observer.failed();
          failure = e;
        }
        pause(pauseNanos, failure != null);
        for (CompletableFuture<Void> waiter : served) {
          if (failure == null) {
            waiter.complete(null);
          } else {
            waiter.completeExceptionally(failure);
          }
        }
      }
    } catch (InterruptedException e) {
      log.debug("interrupted");
    }
  }

  private void pause(long nanos, boolean again) {
    lock.lock();
    try {
      earliestNanos = System.nanoTime() + nanos;
      due |= again;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it is time to collect: who waits for that; null at the end. */
  private @Nullable List<CompletableFuture<Void>> awaitTurn() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (waiters.isEmpty() && !closed) {
        long leftNanos = earliestNanos - System.nanoTime();
        if (!due) {
          changed.await();
        } else if (leftNanos > 0) {
          var _ = changed.awaitNanos(leftNanos);
        } else {
          break;
        }
      }
      List<CompletableFuture<Void>> served = waiters;
      waiters = new ArrayList<>();
      due = false;
      mutations = 0;
      if (!closed) {
        return served;
      }
      served.forEach(
          waiter -> waiter.completeExceptionally(new IllegalStateException("the core stops")));
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Stops after a collection that is under way. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
