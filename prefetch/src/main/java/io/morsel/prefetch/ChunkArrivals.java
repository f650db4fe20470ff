package io.morsel.prefetch;

import io.morsel.stargz.LayerFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a layer's chunks from what a request has brought into the data file: decoded,
 * verified, shown to who waits, and stored. What is not what the index says goes no further. Safe
 * for use by many threads: a unit is its decoder's alone.
 */
final class ChunkArrivals {
  private static final Logger log = LoggerFactory.getLogger(ChunkArrivals.class);

  private final LayerData layer;
  private final FetchScheduler scheduler;
  private final LayerData.Spec spec;
  private final Condition idle;

  // Guarded by the scheduler's lock.
  private int decoding;

  /** Whether the last chunk could not be stored. */
  private boolean diskRefuses;

  /** Whether any could not. */
  private boolean diskRefused;

  /** Of one layer, nothing yet. */
  ChunkArrivals(LayerData layer) {
    this.layer = layer;
    this.scheduler = layer.scheduler;
    this.spec = layer.spec;
    this.idle = scheduler.lock.newCondition();
  }

  /** A unit's bytes go to the decoders; the lock is held. */
  void started() {
    decoding++;
  }

  /** Waits until none is with the decoders; the lock is held. */
  void awaitNone() {
    while (decoding > 0) {
      idle.awaitUninterruptibly();
    }
  }

  /** Decodes, verifies and stores the chunks of one unit; on a decoder's thread. */
  void decode(DecodePool.Task task) {
    long start = System.nanoTime();
    int compressedBytes = task.compressed.remaining();
    try {
      for (Flight flight : task.flights) {
        decode(flight, task.compressed);
      }
      scheduler.decoders.pace.add(compressedBytes, System.nanoTime() - start);
    } finally {
      scheduler.buffers.give(task.compressed);
      scheduler.lock.lock();
      try {
        decoding--;
        idle.signalAll();
      } finally {
        scheduler.lock.unlock();
      }
    }
  }

  private void decode(Flight flight, ByteBuffer compressed) {
    int chunk = flight.chunk;
    Content content = null;
    try {
      int length = spec.table().dataLength(chunk);
      content = Content.allocate(scheduler.buffers, length);
      ByteBuffer target = content.room();
      // A chunk near the start of a stream needs only so much of it.
      int needed = (int) spec.table().blobLength(chunk);
      spec.decoder().decode(chunk, compressed.duplicate().limit(needed), target);
      if (target.position() != length) {
        throw new LayerFormatException(
            LayerFormatException.Kind.MALFORMED,
            "it has " + target.position() + " bytes instead of " + length);
      }
    } catch (IOException | RuntimeException | Error e) {
      if (content != null) {
        content.release();
      }
      corrupt(flight, e);
      return;
    }
    verified(flight, content);
    try {
      layer.file.write(content.view(), spec.table().dataOffset(chunk));
    } catch (IOException e) {
      scheduler.hot.put(layer, chunk, content);
      unstored(flight, e);
      return;
    }
    stored(flight, content.lengthBytes());
  }

  private void verified(Flight flight, Content content) {
    scheduler.lock.lock();
    try {
      flight.content = content;
    } finally {
      scheduler.lock.unlock();
    }
    flight.verified.countDown();
  }

  private void stored(Flight flight, int lengthBytes) {
    FetchPriority priority;
    boolean mayBeHot;
    scheduler.lock.lock();
    try {
      priority = flight.priority;
      mayBeHot = diskRefused;
      diskRefuses = false;
      layer.stored(flight, lengthBytes);
    } finally {
      scheduler.lock.unlock();
    }
    if (mayBeHot) {
      scheduler.hot.remove(layer, flight.chunk);
    }
    scheduler.observer.stored(priority, lengthBytes);
  }

  private void unstored(Flight flight, IOException cause) {
    scheduler.lock.lock();
    try {
      if (!diskRefuses) {
        diskRefuses = true;
        diskRefused = true;
        log.error(
            "layer {}: the cache can't be written, its content is served from memory: {}",
            layer.name(),
            cause.getMessage());
      }
      layer.unstored(flight, cause);
    } finally {
      scheduler.lock.unlock();
    }
  }

  /** A chunk is not what the index says: it is fetched once more, and then given up. */
  private void corrupt(Flight flight, Throwable cause) {
    int chunk = flight.chunk;
    if (!(cause instanceof IOException)) {
      log.error("{}: decoding failed unexpectedly", layer.describe(chunk), cause);
    }
    // The flight is this thread's while it is being decoded.
    boolean givenUp = flight.refetched;
    // Told before the readers are, so that whoever sees a read fail finds the reason.
    if (givenUp) {
      log.error("{}: corrupt, twice: {}", layer.describe(chunk), cause.getMessage());
      scheduler.observer.corruptChunk(layer.name(), chunk);
    } else {
      log.warn("{}: corrupt, is fetched again: {}", layer.describe(chunk), cause.getMessage());
      // A mirror would only send the same again.
      layer.blob().mistrust();
    }
    IOException lasting = null;
    if (givenUp) {
      lasting =
          cause instanceof IOException e
              ? e
              : new LayerFormatException(
                  LayerFormatException.Kind.MALFORMED, "decoding failed: " + cause, cause);
    }
    scheduler.lock.lock();
    try {
      layer.corrupt(flight, lasting);
    } finally {
      scheduler.lock.unlock();
    }
  }
}
