package io.morsel.containerd;

import io.grpc.Status;
import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;

/** Reads the frames of a connection, and tells it of them. For one thread. */
final class Http2Reader {
  private static final int MAX_HEADERS_BYTES = 64 << 10;

  private static final int BUFFER_BYTES = 32 << 10;

  private final SocketChannel socket;
  private final Http2Connection connection;
  private final ByteBuffer input = ByteBuffer.allocate(BUFFER_BYTES).flip();
  private ByteBuffer headers = ByteBuffer.allocate(0);

  /** Whose headers are under way; 0 for none. */
  private int headersOf;

  private boolean headersEnd;

  Http2Reader(SocketChannel socket, Http2Connection connection) {
    this.socket = socket;
    this.connection = connection;
  }

  /** Reads until the connection ends. */
  void run() {
    try {
      while (true) {
        fill(Http2Frame.HEADER_BYTES);
        int length = (input.get() & 0xFF) << 16 | (input.getShort() & 0xFFFF);
        int type = input.get();
        int flags = input.get();
        int stream = input.getInt() & Integer.MAX_VALUE;
        if (length > Http2Frame.MIN_FRAME) {
          throw new IOException("the server sent a frame of " + length + " bytes");
        }
        fill(length);
        ByteBuffer payload = input.slice(input.position(), length);
        input.position(input.position() + length);
        received(type, flags, stream, payload);
      }
    } catch (EOFException e) {
      connection.close(Status.UNAVAILABLE.withDescription("the server ended the connection"));
    } catch (BufferUnderflowException e) {
      connection.close(
          Status.UNAVAILABLE.withDescription("the server sent a frame that is too short"));
    } catch (IOException e) {
      connection.close(
          Status.UNAVAILABLE.withDescription("the connection broke: " + e.getMessage()));
    } catch (RuntimeException | Error e) {
      // Nobody would tell those who wait.
      connection.close(
          Status.INTERNAL.withDescription("unexpected failure of the connection").withCause(e));
    }
  }

  /** Reads until so many bytes are there, which fit. */
  private void fill(int bytes) throws IOException {
    if (input.remaining() >= bytes) {
      return;
    }
    input.compact();
    while (input.position() < bytes) {
      if (socket.read(input) < 0) {
        throw new EOFException();
      }
    }
    input.flip();
  }

  private void received(int type, int flags, int id, ByteBuffer payload) throws IOException {
    if (headersOf != 0 && type != Http2Frame.CONTINUATION) {
      throw new IOException("the server did not end its headers");
    }
    switch (type) {
      case Http2Frame.DATA -> {
        int bytes = payload.remaining();
        unpad(flags, payload);
        connection.data(id, payload, bytes, (flags & Http2Frame.END_STREAM) != 0);
      }
      case Http2Frame.HEADERS -> {
        unpad(flags, payload);
        if ((flags & Http2Frame.PRIORITY) != 0) {
          var _ = payload.getInt();
          var _ = payload.get();
        }
        headersOf = id;
        headersEnd = (flags & Http2Frame.END_STREAM) != 0;
        headers(flags, payload);
      }
      case Http2Frame.CONTINUATION -> {
        if (headersOf == 0 || headersOf != id) {
          throw new IOException("the server went on with headers that it had not begun");
        }
        headers(flags, payload);
      }
      case Http2Frame.RST_STREAM -> connection.reset(id, payload.getInt());
      case Http2Frame.SETTINGS -> {
        if ((flags & Http2Frame.ACK) == 0) {
          connection.settings(payload);
        }
      }
      case Http2Frame.PUSH_PROMISE ->
          throw new IOException("the server pushed what nobody asked for");
      case Http2Frame.PING -> {
        if ((flags & Http2Frame.ACK) == 0) {
          connection.answer(
              Http2Frame.frame(Http2Frame.PING, Http2Frame.ACK, 0, payload.remaining())
                  .put(payload)
                  .flip());
        }
      }
      case Http2Frame.GOAWAY -> connection.goAway(payload.getInt() & Integer.MAX_VALUE);
      case Http2Frame.WINDOW_UPDATE -> connection.window(id, payload.getInt() & Integer.MAX_VALUE);
      default -> {
        // RFC 9113, section 4.1: others are passed over.
      }
    }
  }

  private static void unpad(int flags, ByteBuffer payload) throws IOException {
    if ((flags & Http2Frame.PADDED) != 0) {
      int padding = payload.get() & 0xFF;
      if (padding > payload.remaining()) {
        throw new IOException("the server sent more padding than there is room for");
      }
      payload.limit(payload.limit() - padding);
    }
  }

  private void headers(int flags, ByteBuffer fragment) throws IOException {
    int bytes = headers.remaining() + fragment.remaining();
    if (bytes > MAX_HEADERS_BYTES) {
      throw new IOException("the server sent headers of more than " + MAX_HEADERS_BYTES + " bytes");
    }
    ByteBuffer block = ByteBuffer.allocate(bytes).put(headers).put(fragment).flip();
    if ((flags & Http2Frame.END_HEADERS) == 0) {
      headers = block;
      return;
    }
    headers = ByteBuffer.allocate(0);
    int id = headersOf;
    headersOf = 0;
    // Also of streams that have ended: it may be malformed.
    List<Hpack.Header> decoded = Hpack.decode(block);
    connection.headers(id, decoded, headersEnd);
  }
}
