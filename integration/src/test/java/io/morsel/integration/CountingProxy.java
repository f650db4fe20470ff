package io.morsel.integration;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Passes TCP connections on to a server on loopback, and counts the bytes that the server sends at
 * the moment at which they pass: what a request in flight has moved so far is counted too.
 */
final class CountingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final AtomicLong sentBytes = new AtomicLong();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private CountingProxy(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  static CountingProxy start(int target) throws IOException {
    CountingProxy proxy =
        new CountingProxy(new ServerSocket(0, 128, InetAddress.getLoopbackAddress()), target);
    Thread.ofVirtual().start(proxy::accept);
    return proxy;
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Bytes that the server has sent to its clients so far, headers included. */
  long sentBytes() {
    return sentBytes.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        open.add(client);
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
      open.add(server);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      Thread up = Thread.ofVirtual().start(() -> copy(client, server, null));
      copy(server, client, sentBytes);
      up.join();
      open.remove(server);
    } catch (IOException e) {
      // A refused or broken connection is what the client sees as well: it closes here.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(client);
    }
  }

  private static void copy(
      Socket from, Socket to, @org.jspecify.annotations.Nullable AtomicLong counter) {
    byte[] buffer = new byte[64 << 10];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int n;
      while ((n = in.read(buffer)) > 0) {
        if (counter != null) {
          counter.addAndGet(n);
        }
        out.write(buffer, 0, n);
      }
      to.shutdownOutput();
    } catch (IOException e) {
      closeQuietly(from);
      closeQuietly(to);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Closing is all that was wanted.
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.forEach(CountingProxy::closeQuietly);
  }
}
