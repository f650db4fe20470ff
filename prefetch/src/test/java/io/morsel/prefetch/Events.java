package io.morsel.prefetch;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Counts what the engine reports, and lets a test wait for it. */
final class Events implements FetchObserver {
  final AtomicInteger requests = new AtomicInteger();
  final AtomicInteger failedRequests = new AtomicInteger();
  final AtomicLong storedBytes = new AtomicLong();
  final AtomicInteger hits = new AtomicInteger();
  final AtomicInteger misses = new AtomicInteger();
  final AtomicReference<String> corrupt = new AtomicReference<>("");
  final AtomicInteger corruptions = new AtomicInteger();
  final AtomicInteger replayedChunks = new AtomicInteger();
  final AtomicLong replayUsedBytes = new AtomicLong();

  @Override
  public synchronized void request(
      FetchPriority priority, long blobBytes, long durationNanos, boolean failed) {
    requests.incrementAndGet();
    if (failed) {
      failedRequests.incrementAndGet();
    }
    notifyAll();
  }

  @Override
  public synchronized void stored(FetchPriority priority, long dataBytes) {
    storedBytes.addAndGet(dataBytes);
    notifyAll();
  }

  @Override
  public void read(long dataBytes, boolean hit, long durationNanos) {
    (hit ? hits : misses).incrementAndGet();
  }

  @Override
  public void replayed(int chunks, long dataBytes) {
    replayedChunks.addAndGet(chunks);
  }

  @Override
  public void replayUsed(long dataBytes) {
    replayUsedBytes.addAndGet(dataBytes);
  }

  @Override
  public synchronized void corruptChunk(String layer, int chunk) {
    corrupt.set(layer + " " + chunk);
    corruptions.incrementAndGet();
    notifyAll();
  }

  /** Waits until so many bytes were stored. */
  synchronized void awaitStored(long bytes) throws InterruptedException {
    while (storedBytes.get() < bytes) {
      wait();
    }
  }

  /** Waits until so many requests ended. */
  synchronized void awaitRequests(int count) throws InterruptedException {
    while (requests.get() < count) {
      wait();
    }
  }
}
