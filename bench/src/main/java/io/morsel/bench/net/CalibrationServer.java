package io.morsel.bench.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server on loopback that answers {@code GET /N} with N bytes, as fast as can be. Its clients are
 * {@link CalibrationClient}s, which send nothing else.
 */
final class CalibrationServer implements AutoCloseable {
  private static final int BACKLOG = 128;
  private static final int HEAD_BYTES = 1024;
  private static final ByteBuffer BODY = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

  private final ServerSocketChannel listener;
  private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

  private CalibrationServer(ServerSocketChannel listener) {
    this.listener = listener;
  }

  static CalibrationServer start() throws IOException {
    ServerSocketChannel listener = ServerSocketChannel.open();
    try {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    CalibrationServer server = new CalibrationServer(listener);
    Thread.ofPlatform().daemon().name("calibration-accept").start(server::accept);
    return server;
  }

  int port() {
    return listener.socket().getLocalPort();
  }

  /** What an answer begins with. */
  static byte[] head(long bytes) {
    return "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
        .formatted(bytes)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel connection = listener.accept();
        connections.add(connection);
        Thread.ofPlatform().daemon().name("calibration").start(() -> serve(connection));
      }
    } catch (IOException e) {
      // The server was closed, or its clients find out that it does not answer.
      close();
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
      ByteBuffer request = ByteBuffer.allocate(HEAD_BYTES);
      while (true) {
        request.clear();
        String text;
        do {
          if (connection.read(request) < 0) {
            return;
          }
          text = new String(request.array(), 0, request.position(), StandardCharsets.ISO_8859_1);
        } while (!text.endsWith("\r\n\r\n"));
        answer(connection, Long.parseLong(text.substring("GET /".length(), text.indexOf(" HTTP"))));
      }
    } catch (IOException e) {
      // The client has what it wanted, and went.
      return;
    } finally {
      connections.remove(connection);
    }
  }

  private static void answer(SocketChannel connection, long bytes) throws IOException {
    byte[] head = head(bytes);
    ByteBuffer first = ByteBuffer.allocateDirect(head.length + Shape.SEGMENT_BYTES);
    int together = (int) Math.min(bytes, Shape.SEGMENT_BYTES);
    first.put(head).position(head.length + together).flip();
    DirectRelay.writeAll(connection, first);
    long left = bytes - together;
    while (left > 0) {
      ByteBuffer body = BODY.duplicate();
      body.limit((int) Math.min(left, body.capacity()));
      left -= body.remaining();
      DirectRelay.writeAll(connection, body);
    }
  }

  @Override
  public void close() {
    close(listener);
    connections.forEach(CalibrationServer::close);
  }

  private static void close(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // It is closed as far as it can be.
      return;
    }
  }
}
