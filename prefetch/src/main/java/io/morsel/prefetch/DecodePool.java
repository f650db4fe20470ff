package io.morsel.prefetch;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Decodes, verifies and writes chunks on one thread a core, demand first.
 *
 * <p>What waits here is bounded in bytes: those who bring compressed bytes {@linkplain #reserve
 * reserve} room first. Demand has room of its own, so that it never waits for bulk to be decoded.
 */
final class DecodePool implements AutoCloseable {
  private static final int DEMAND_KIB = 8 << 10;
  private static final int BULK_KIB = 8 << 10;

  /** The compressed bytes of one unit, and the flights that end with it. */
  static final class Task implements Runnable, Comparable<Task> {
    private static final AtomicLong SEQUENCE = new AtomicLong();

    final LayerData layer;
    final List<Flight> flights;
    final ByteBuffer compressed;
    private final Room room;
    private final long sequence = SEQUENCE.getAndIncrement();
    private FetchPriority priority;

    Task(
        LayerData layer,
        List<Flight> flights,
        ByteBuffer compressed,
        Room room,
        FetchPriority priority) {
      this.layer = layer;
      this.flights = flights;
      this.compressed = compressed;
      this.room = room;
      this.priority = priority;
    }

    @Override
    public void run() {
      try {
        layer.arrivals.decode(this);
      } finally {
        room.release();
      }
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // A task is only ever equal to itself.
    public int compareTo(Task other) {
      if (this == other) {
        return 0;
      }
      int byPriority = priority.compareTo(other.priority);
      return byPriority != 0 ? byPriority : Long.compare(sequence, other.sequence);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** Room for some compressed bytes. */
  record Room(Semaphore semaphore, int permits) {
    void release() {
      semaphore.release(permits);
    }
  }

  /** How fast this pool is. */
  final DecodePace pace;

  private final Semaphore demandRoom = new Semaphore(DEMAND_KIB);
  private final Semaphore bulkRoom = new Semaphore(BULK_KIB);
  private final ThreadPoolExecutor executor;

  DecodePool(int threads) {
    this.pace = new DecodePace(threads);
    this.executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new PriorityBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("morsel-decode-", 0).factory());
  }

  /** Waits until there is room for so many compressed bytes. */
  Room reserve(FetchPriority priority, int lengthBytes) throws InterruptedException {
    boolean demand = priority == FetchPriority.DEMAND;
    int kib = (int) (((long) lengthBytes + 1023) >> 10);
    Room room =
        new Room(
            demand ? demandRoom : bulkRoom, Math.clamp(kib, 1, demand ? DEMAND_KIB : BULK_KIB));
    room.semaphore().acquire(room.permits());
    return room;
  }

  /** Takes a task on. */
  void submit(Task task) {
    executor.execute(task);
  }

  /** Moves a task forward that is not running yet. */
  void raise(Task task, FetchPriority priority) {
    if (priority.compareTo(task.priority) < 0 && executor.getQueue().remove(task)) {
      task.priority = priority;
      executor.execute(task);
    }
  }

  @Override
  public void close() {
    executor.close();
  }
}
