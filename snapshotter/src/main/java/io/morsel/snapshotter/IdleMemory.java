package io.morsel.snapshotter;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives memory back that nobody uses any more.
 *
 * <p>The serial collector lets the old generation grow to its bound before it looks for garbage
 * there, and each start leaves some: a node that has indexed many layers would keep all of it. Here
 * it is collected once the daemon has nothing else to do, or has much more than it needs.
 */
public final class IdleMemory implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(IdleMemory.class);

  /** How often is looked: many layers that come at once leave some 15 MB a second. */
  private static final Duration INTERVAL = Duration.ofSeconds(2);

  /** A daemon in which nothing was collected from one look to so many later has nothing to do. */
  private static final int QUIET_LOOKS = 5;

  /**
   * Less than that is not worth a collection, which takes some 50 ms of a processor, and as much of
   * the next start.
   */
  static final long LEAST_BYTES = 16 << 20;

  /** How much may be added, at the least, to what was left by the last collection. */
  static final long MOST_BYTES = 32 << 20;

  private final MemoryPoolMXBean old;
  private final List<GarbageCollectorMXBean> collectors;
  private final Thread thread;

  private IdleMemory(MemoryPoolMXBean old, List<GarbageCollectorMXBean> collectors) {
    this.old = old;
    this.collectors = collectors;
    this.thread = Thread.ofVirtual().name("idle-memory").unstarted(this::run);
  }

  /** Looks after this process's memory from now on; empty where its collector does so by itself. */
  public static Optional<IdleMemory> start() {
    List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
    Optional<MemoryPoolMXBean> old =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP && pool.isUsageThresholdSupported())
            .findFirst();
    Optional<IdleMemory> started = old.map(pool -> new IdleMemory(pool, collectors));
    started.ifPresent(memory -> memory.thread.start());
    return started;
  }

  private void run() {
    try {
      long before = -1;
      int quiet = 0;
      while (true) {
        Thread.sleep(INTERVAL);
        long collections = collections();
        quiet = collections == before ? quiet + 1 : 0;
        MemoryUsage left = old.getCollectionUsage();
        if (isDue(
            old.getUsage().getUsed(), left == null ? 0 : left.getUsed(), quiet >= QUIET_LOOKS)) {
          collect();
          trim();
          log.debug(
              "the heap's old generation: {} bytes are left", old.getCollectionUsage().getUsed());
          collections = collections();
        }
        before = collections;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long collections() {
    return collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionCount).sum();
  }

  /**
   * Whether to collect.
   *
   * @param usedBytes of the old generation
   * @param leftBytes what the last collection of it has left
   * @param idle whether nothing goes on
   */
  static boolean isDue(long usedBytes, long leftBytes, boolean idle) {
    long added = usedBytes - leftBytes;
    return added >= (idle ? LEAST_BYTES : Math.max(MOST_BYTES, leftBytes));
  }

  /** Collects all garbage, and gives back what the heap holds free. */
  public static void collect() {
    System.gc();
  }

  /** Gives back what {@code malloc} holds free. */
  static void trim() {
    try {
      Linker linker = Linker.nativeLinker();
      // Only glibc has it.
      Optional<MemorySegment> trim = linker.defaultLookup().find("malloc_trim");
      if (trim.isPresent()) {
        int _ =
            (int)
                linker
                    .downcallHandle(
                        trim.get(),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG))
                    .invokeExact(0L);
      }
    } catch (Throwable e) {
      throw new IllegalStateException("malloc_trim", e);
    }
  }

  /** Stops. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
