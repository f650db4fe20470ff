package io.morsel.bench.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** One connection to a {@link CalibrationServer}; for one thread, save for closing. */
final class CalibrationClient implements AutoCloseable {
  /**
   * When an answer came.
   *
   * @param firstNanos by {@link System#nanoTime}, when its first byte was read
   * @param lastNanos when its last byte was
   * @param bytes of all of it, its head included
   */
  record Answer(long firstNanos, long lastNanos, long bytes) {}

  private static final int BUFFER_BYTES = 1 << 20;

  private final SocketChannel socket;
  private final ByteBuffer buffer;

  private CalibrationClient(SocketChannel socket, int bufferBytes) {
    this.socket = socket;
    this.buffer = ByteBuffer.allocateDirect(bufferBytes);
  }

  static CalibrationClient forBulk(int port) throws IOException {
    return connect(port, BUFFER_BYTES);
  }

  static CalibrationClient forSmall(int port) throws IOException {
    return connect(port, 2 * Shape.SEGMENT_BYTES);
  }

  private static CalibrationClient connect(int port, int bufferBytes) throws IOException {
    SocketChannel socket =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return new CalibrationClient(socket, bufferBytes);
  }

  /** Asks for a body of so many bytes, and reads it. */
  Answer get(long bodyBytes) throws IOException {
    String request = "GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(bodyBytes);
    DirectRelay.writeAll(socket, ByteBuffer.wrap(request.getBytes(StandardCharsets.ISO_8859_1)));
    long bytes = CalibrationServer.head(bodyBytes).length + bodyBytes;
    long left = bytes;
    long first = 0;
    while (left > 0) {
      buffer.clear();
      int read = socket.read(buffer);
      if (read < 0) {
        throw new IOException("the connection ended " + left + " bytes early");
      }
      first = left == bytes ? System.nanoTime() : first;
      left -= read;
    }
    return new Answer(first, System.nanoTime(), bytes);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
