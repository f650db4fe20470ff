package io.morsel.bench.net;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The two sockets of a connection that passes a link: the client's and the server's. Safe for use
 * by many threads.
 */
final class Ends {
  private static final int DIRECTIONS = 2;

  private final SocketChannel client;
  private final SocketChannel server;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final AtomicInteger open = new AtomicInteger(DIRECTIONS);

  Ends(SocketChannel client, SocketChannel server) {
    this.client = client;
    this.server = server;
  }

  /** Has something done when the sockets are closed, or now if they are. */
  void onClose(Runnable action) {
    var _ = closed.thenRun(action);
  }

  SocketChannel client() {
    return client;
  }

  SocketChannel server() {
    return server;
  }

  /**
   * One direction has come to its end: its receiver is told, and after the second one, all is
   * closed.
   */
  void ended(SocketChannel receiver) {
    try {
      receiver.shutdownOutput();
    } catch (IOException e) {
      // It is gone already; the other direction finds out for itself.
    }
    if (open.decrementAndGet() == 0) {
      close(client);
      close(server);
      closed.complete(null);
    }
  }

  /** Breaks the connection, so that both sides see it broken and not ended. */
  void abort() {
    reset(client);
    reset(server);
    closed.complete(null);
  }

  /** Closes a socket so that its peer sees a broken connection. */
  static void reset(SocketChannel socket) {
    try {
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      // It is closed already.
    }
    close(socket);
  }

  private static void close(SocketChannel socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // There is nothing that could be done about it, and nothing depends on it.
    }
  }
}
