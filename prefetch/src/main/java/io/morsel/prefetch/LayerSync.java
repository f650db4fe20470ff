package io.morsel.prefetch;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a layer's bitmap on the disk in batches, after the data that it speaks of.
 *
 * <p>Data first ({@code fdatasync}), then a copy of the bits taken before that, so that a bit on
 * the disk is always true, whatever crashes. Files are touched on the engine's sync thread only.
 */
final class LayerSync {
  private static final Logger log = LoggerFactory.getLogger(LayerSync.class);
  private static final long DELAY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long BATCH_BYTES = 64L << 20;

  private final LayerData layer;
  private final FetchScheduler scheduler;

  // Guarded by the scheduler's lock.
  private long unsyncedBytes;
  private boolean scheduled;
  private boolean closed;
  private boolean failing;

  /** The bits on the disk; on the sync thread only. */
  private long[] durable;

  private final CompletableFuture<Void> completed = new CompletableFuture<>();

  LayerSync(LayerData layer, long[] durable) {
    this.layer = layer;
    this.scheduler = layer.scheduler;
    this.durable = durable;
    completeIfFull();
  }

  /** Completes, on the sync thread, once all chunks are recorded on the disk. */
  CompletableFuture<Void> completed() {
    return completed.copy();
  }

  private void completeIfFull() {
    if (Arrays.stream(durable).map(Long::bitCount).sum() == layer.table().count()) {
      completed.complete(null);
    }
  }

  /** Data was written and its bit set; the lock is held. */
  void stored(int lengthBytes) {
    long before = unsyncedBytes;
    unsyncedBytes += lengthBytes;
    if (before < BATCH_BYTES && unsyncedBytes >= BATCH_BYTES) {
      submit(false);
    } else if (!scheduled) {
      later();
    }
  }

  /** How much was stored since the bitmap on the disk was taken; the lock is held. */
  long unsyncedBytes() {
    return unsyncedBytes;
  }

  /** The last chunk was stored; the lock is held. */
  void complete() {
    submit(true);
  }

  private void later() {
    scheduled = true;
    scheduler.schedule(
        () -> {
          scheduler.lock.lock();
          try {
            scheduled = false;
            submit(false);
          } finally {
            scheduler.lock.unlock();
          }
        },
        DELAY_NANOS);
  }

  private void submit(boolean complete) {
    if (!closed) {
      var _ =
          scheduler
              .syncer()
              .submit(
                  () -> {
                    syncOrRetry();
                    if (complete) {
                      log.info("layer {}: complete, {} bytes", layer.name(), layer.presentBytes());
                    }
                  });
    }
  }

  private void syncOrRetry() {
    try {
      sync();
    } catch (IOException | RuntimeException e) {
      scheduler.lock.lock();
      try {
        if (!failing) {
          failing = true;
          log.error(
              "layer {}: what is present can't be recorded, a restart would fetch it again: {}",
              layer.name(),
              e.getMessage());
        }
        if (!scheduled && !closed) {
          later();
        }
      } finally {
        scheduler.lock.unlock();
      }
    }
  }

  private void sync() throws IOException {
    long[] bits;
    long batch;
    scheduler.lock.lock();
    try {
      batch = unsyncedBytes;
      if (batch == 0) {
        return;
      }
      bits = layer.present.snapshot();
    } finally {
      scheduler.lock.unlock();
    }
    try {
      layer.file.sync();
    } catch (IOException e) {
      // The kernel forgets what it could not write: reading it back may give zeros from now on, and
      // a second fdatasync would succeed. So none of it counts as present any more.
      scheduler.lock.lock();
      try {
        unsyncedBytes = 0;
        layer.retain(durable);
      } finally {
        scheduler.lock.unlock();
      }
      throw e;
    }
    PresentFile.write(layer.spec.directory(), layer.table().count(), layer.spec.identity(), bits);
    durable = bits;
    scheduler.lock.lock();
    try {
      unsyncedBytes -= batch;
      failing = false;
    } finally {
      scheduler.lock.unlock();
    }
    completeIfFull();
  }

  /** Syncs what there is, now, and returns when that is done. */
  void flush() throws IOException {
    await(
        scheduler
            .syncer()
            .submit(
                () -> {
                  sync();
                  return true;
                }));
  }

  /** Syncs for the last time. */
  void close() throws IOException {
    scheduler.lock.lock();
    try {
      closed = true;
    } finally {
      scheduler.lock.unlock();
    }
    flush();
  }

  private static void await(Future<?> future) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          future.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof IOException cause) {
            throw new IOException("recording what is present: " + cause.getMessage(), cause);
          }
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
