package io.morsel.bench.net;

/**
 * A way to a server on loopback that behaves like a {@link Net}, and counts what passes. Clients
 * connect to {@code localhost:port()}.
 */
public interface Link extends AutoCloseable {
  /** Where clients connect, on loopback. */
  int port();

  /** What has passed so far, over all connections. */
  Traffic traffic();

  /** Has the requests on connections that are opened from now on kept in a log, one by one. */
  void watch(ExchangeLog log);

  /** Breaks all connections and accepts no more. */
  @Override
  void close();
}
