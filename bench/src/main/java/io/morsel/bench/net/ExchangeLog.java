package io.morsel.bench.net;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the requests that pass a link which {@linkplain Link#watch is watched}, one by one. Safe
 * for use by many threads.
 */
public final class ExchangeLog {
  private static final int MAX_EXCHANGES = 100_000;

  /** An exchange under way; guarded by the log. */
  static final class Entry {
    private final RequestHead head;
    private final long startNanos = System.nanoTime();
    private long firstNanos = startNanos;
    private long endNanos = startNanos;
    private long receivedBytes;

    private Entry(RequestHead head) {
      this.head = head;
    }
  }

  private final List<Entry> entries = new ArrayList<>();

  /** A request passes; null where so many have passed that this one is not kept. */
  synchronized @Nullable Entry begin(RequestHead head) {
    if (entries.size() == MAX_EXCHANGES) {
      return null;
    }
    Entry entry = new Entry(head);
    entries.add(entry);
    return entry;
  }

  /** Bytes of its answer are handed over. */
  synchronized void received(Entry entry, long bytes) {
    long now = System.nanoTime();
    if (entry.receivedBytes == 0) {
      entry.firstNanos = now;
    }
    entry.endNanos = now;
    entry.receivedBytes += bytes;
  }

  /** What has passed so far, in the order of the requests. */
  public synchronized List<Exchange> exchanges() {
    return entries.stream()
        .map(
            entry ->
                new Exchange(
                    entry.head.target(),
                    entry.head.range(),
                    entry.startNanos,
                    entry.firstNanos,
                    entry.endNanos,
                    entry.receivedBytes))
        .toList();
  }
}
