package io.morsel.prefetch;

import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides which layer sends the next request, for all layers of a node together.
 *
 * <p>The higher priority goes first, and layers of the same priority take turns; replays go in the
 * order of use, whatever the layer. Requests in flight are limited; two of the slots are kept from
 * bulk, so that demand never waits for a bulk request to end. Fills in the background get by with
 * two slots while readers anywhere are missing chunks, since the network is shared even where slots
 * are not.
 *
 * <p>One lock guards all of the engine's bookkeeping. Nothing under it does I/O, decodes, or waits,
 * and reads of what is present never take it.
 */
final class FetchScheduler implements AutoCloseable {
  private static final int DEMAND_SLOTS = 2;

  /** As many requests as keep a network busy: one is answered while the other waits for that. */
  private static final int BUSY_SLOTS = 2;

  private static final long IDLE_BUFFER_BYTES = 16L << 20;

  final ReentrantLock lock = new ReentrantLock();
  final FetchSettings settings;
  final FetchObserver observer;
  final BufferPool buffers = new BufferPool(IDLE_BUFFER_BYTES);
  final HotChunks hot;
  final DecodePool decoders = new DecodePool(Runtime.getRuntime().availableProcessors());

  final LinkEstimate link = new LinkEstimate();

  private final RequestRunner runner = new RequestRunner(this);
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("morsel-fetch-timer").factory());

  /** Where bitmaps are synced: a blocked disk must not hold up anything else. */
  private final ExecutorService syncer =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("morsel-sync").factory());

  private final LongSupplier clock;
  private final int maxRequests;
  private final EnumMap<FetchPriority, ArrayDeque<LayerData>> ready =
      new EnumMap<>(FetchPriority.class);

  /** Of the layers that are being read and are not complete; guarded by the lock. */
  private final Set<FillUrgency> read = new HashSet<>();

  private int running;
  private int runningBulk;
  private int runningBackground;
  private volatile long lastDemandNanos;
  private volatile long lastUseNanos;

  /**
   * A scheduler with nothing to do yet.
   *
   * @param clock the time in nanoseconds, as by {@link System#nanoTime}
   */
  FetchScheduler(FetchSettings settings, FetchObserver observer, LongSupplier clock) {
    this.clock = clock;
    this.settings = settings;
    this.observer = observer;
    this.hot = new HotChunks(settings.hotChunkBytes());
    this.maxRequests = Math.max(DEMAND_SLOTS + 1, settings.maxRequests());
    this.lastDemandNanos = now() - TimeUnit.DAYS.toNanos(1);
    this.lastUseNanos = lastDemandNanos;
    for (FetchPriority priority : FetchPriority.values()) {
      ready.put(priority, new ArrayDeque<>());
    }
  }

  /** The time by which delays are measured. */
  long now() {
    return clock.getAsLong();
  }

  /** A layer was opened or a reader found something absent: a container starts, or will soon. */
  void used() {
    lastUseNanos = now();
  }

  /** For how long no layer was opened and no reader found anything absent. */
  long quietNanos() {
    return now() - lastUseNanos;
  }

  /** A layer has, or may have, something to fetch at this priority. */
  void wake(LayerData layer, FetchPriority priority) {
    lock.lock();
    try {
      if (priority == FetchPriority.DEMAND) {
        lastDemandNanos = now();
      }
      ArrayDeque<LayerData> ring = ring(priority);
      if (!ring.contains(layer)) {
        ring.add(layer);
      }
      dispatch();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A layer sends a request for a reader; the lock is held.
   *
   * @return whether the rest of the layer has to be fetched at once from now on
   */
  boolean becomesUrgent(FillUrgency urgency) {
    read.add(urgency);
    return urgency.requested(read, link, decoders.pace);
  }

  /** Nothing more of this layer will be missed; the lock is held. */
  void forget(FillUrgency urgency) {
    read.remove(urgency);
  }

  /** Runs something short later; not at all after {@link #close}. */
  void schedule(Runnable task, long delayNanos) {
    if (!timer.isShutdown()) {
      var _ = timer.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }
  }

  /** Where to sync files. */
  ExecutorService syncer() {
    return syncer;
  }

  private void dispatch() {
    for (FetchPriority priority : FetchPriority.values()) {
      ArrayDeque<LayerData> ring = ring(priority);
      while (hasSlot(priority) && !ring.isEmpty()) {
        LayerData layer =
            priority == FetchPriority.PREFETCH ? removeFirstUsed(ring) : ring.remove();
        FetchRequest request = layer.nextRequest(priority);
        if (request != null) {
          ring.add(layer);
          start(request);
        }
      }
    }
  }

  /** Of the layers that prefetch, the one whose next bytes a start uses before all others'. */
  private static LayerData removeFirstUsed(ArrayDeque<LayerData> ring) {
    LayerData first = ring.element();
    for (LayerData layer : ring) {
      if (layer.flights().prefetchRank() < first.flights().prefetchRank()) {
        first = layer;
      }
    }
    ring.remove(first);
    return first;
  }

  private boolean hasSlot(FetchPriority priority) {
    int bulkSlots = maxRequests - DEMAND_SLOTS;
    return running < maxRequests
        && switch (priority) {
          case DEMAND -> true;
          case PREFETCH, READ_AHEAD -> runningBulk < bulkSlots;
          case BACKGROUND ->
              runningBulk < bulkSlots
                  && runningBackground < (isDemandRecent() ? BUSY_SLOTS : bulkSlots);
        };
  }

  /** Whether a reader missed something a short while ago; the network is shared with him. */
  boolean isDemandRecent() {
    return now() - lastDemandNanos
        < TimeUnit.MILLISECONDS.toNanos(settings.backgroundFillDelayMillis());
  }

  private void start(FetchRequest request) {
    count(request.priority, 1);
    Thread thread =
        Thread.ofVirtual()
            .name("morsel-fetch " + request.layer.name() + " " + request.blobOffset)
            .unstarted(() -> run(request));
    request.thread = thread;
    request.layer.requestStarted(request);
    thread.start();
  }

  private void run(FetchRequest request) {
    try {
      runner.run(request);
    } finally {
      lock.lock();
      try {
        request.layer.requestEnded(request);
        count(request.priority, -1);
        dispatch();
      } finally {
        lock.unlock();
      }
    }
  }

  private void count(FetchPriority priority, int change) {
    running += change;
    if (priority != FetchPriority.DEMAND) {
      runningBulk += change;
    }
    if (priority == FetchPriority.BACKGROUND) {
      runningBackground += change;
    }
  }

  /** Forgets a layer that closes. */
  void remove(LayerData layer) {
    for (ArrayDeque<LayerData> ring : ready.values()) {
      ring.remove(layer);
    }
  }

  private ArrayDeque<LayerData> ring(FetchPriority priority) {
    @Nullable ArrayDeque<LayerData> ring = ready.get(priority);
    if (ring == null) {
      throw new IllegalStateException("no ring for " + priority);
    }
    return ring;
  }

  /** Stops the engine's threads; every layer must have been closed before. */
  @Override
  public void close() {
    timer.shutdownNow();
    decoders.close();
    syncer.close();
    buffers.close();
  }
}
