package io.morsel.bench.net;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts what passes a link. Safe for use by many threads.
 *
 * <p>Bytes are counted just before the system call that hands them to the client, and taken back if
 * it fails: what a client has seen is always counted. A request is counted before it goes on to the
 * server, and a connection before anything passes it.
 */
final class TrafficCounter {
  private final AtomicLong receivedBytes = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong connections = new AtomicLong();

  void received(long bytes) {
    receivedBytes.addAndGet(bytes);
  }

  void requested(int count) {
    if (count > 0) {
      requests.addAndGet(count);
    }
  }

  void connected() {
    connections.incrementAndGet();
  }

  /**
   * What has passed so far. Every byte in it belongs to a request in it, and every request to a
   * connection in it, because what causes something is read after it.
   */
  Traffic traffic() {
    long bytes = receivedBytes.get();
    long sent = requests.get();
    return new Traffic(bytes, sent, connections.get());
  }
}
