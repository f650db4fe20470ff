package io.morsel.containerd;

import io.grpc.MethodDescriptor;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Calls of a gRPC server in the same process, made of bytes, whose answers are not looked at.
 *
 * <p>Takes the server through its first calls without what a real client brings along, which is
 * hundreds of classes that a daemon has no other use for. HTTP/2 is RFC 9113, its headers RFC 7541,
 * and calls are gRPC's "PROTOCOL-HTTP2". One thread at a time; interrupting it ends the connection.
 */
public final class RawCalls implements AutoCloseable {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int FRAME_HEADER_BYTES = 9;
  private static final int MAX_FRAME_BYTES = 16 << 10;
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private final SocketChannel channel;
  private final Map<String, String> further;
  private int nextStream = 1;

  private RawCalls(SocketChannel channel, Map<String, String> further) {
    this.channel = channel;
    this.further = Map.copyOf(further);
  }

  /** Connects to the server on {@code socket}, and waits for its side of the handshake. */
  public static RawCalls open(Path socket) throws IOException {
    return open(socket, Map.of());
  }

  /** As above; every call has these further headers, whose names are in lower case. */
  public static RawCalls open(Path socket, Map<String, String> headers) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    RawCalls calls = new RawCalls(channel, headers);
    boolean opened = false;
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      calls.send(ByteBuffer.wrap(PREFACE.getBytes(StandardCharsets.US_ASCII)));
      calls.send(SETTINGS, 0, 0, new byte[0]);
      while (calls.receive().type() != SETTINGS) {
        // A server may say other things first.
      }
      calls.send(SETTINGS, ACK, 0, new byte[0]);
      opened = true;
      return calls;
    } finally {
      if (!opened) {
        calls.close();
      }
    }
  }

  /**
   * Calls a method that takes one message, and waits until the call has ended, however it has.
   *
   * @throws IOException if the server ends the connection instead
   */
  public <Q> void call(MethodDescriptor<Q, ?> method, Q request) throws IOException {
    byte[] message;
    try (InputStream in = method.streamRequest(request)) {
      message = in.readAllBytes();
    }
    if (message.length > MAX_FRAME_BYTES - 5) {
      throw new IllegalArgumentException("a message of " + message.length + " bytes");
    }
    int stream = nextStream;
    nextStream += 2;
    send(HEADERS, END_HEADERS, stream, headers("/" + method.getFullMethodName()));
    ByteBuffer prefixed = ByteBuffer.allocate(5 + message.length);
    prefixed.put((byte) 0).putInt(message.length).put(message);
    send(DATA, END_STREAM, stream, prefixed.array());
    for (Frame frame = receive(); !frame.ends(stream); frame = receive()) {
      if (frame.type() == GOAWAY) {
        throw new EOFException("the server ends the connection");
      }
    }
  }

  /** A frame that was received; its payload is not kept. */
  private record Frame(int type, int flags, int stream) {
    boolean ends(int awaited) {
      return stream == awaited
          && (type == RST_STREAM
              || ((type == HEADERS || type == DATA) && (flags & END_STREAM) != 0));
    }
  }

  private byte[] headers(String path) {
    Map<String, String> headers =
        new TreeMap<>(
            Map.of(
                ":authority", "localhost",
                ":method", "POST",
                ":path", path,
                ":scheme", "http",
                "content-type", "application/grpc",
                "te", "trailers"));
    headers.putAll(further);
    ByteBuffer block = ByteBuffer.allocate(512);
    headers.forEach(
        (name, value) -> {
          block.put((byte) 0); // Literal, not indexed, its name spelled out.
          put(block, name);
          put(block, value);
        });
    byte[] bytes = new byte[block.position()];
    block.flip().get(bytes);
    return bytes;
  }

  private static void put(ByteBuffer block, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length > 126) {
      throw new IllegalArgumentException("a header of " + bytes.length + " bytes");
    }
    block.put((byte) bytes.length).put(bytes);
  }

  private void send(int type, int flags, int stream, byte[] payload) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(FRAME_HEADER_BYTES + payload.length);
    frame.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    send(frame.flip());
  }

  private void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private Frame receive() throws IOException {
    ByteBuffer header = receive(FRAME_HEADER_BYTES);
    int length = (header.get() & 0xFF) << 16 | (header.getShort() & 0xFFFF);
    Frame frame = new Frame(header.get(), header.get(), header.getInt());
    if (length > MAX_FRAME_BYTES) {
      throw new IOException("a frame of " + length + " bytes");
    }
    var _ = receive(length);
    if (frame.type() == DATA && length > 0) {
      // RFC 9113, section 6.9: without it a server may send 64 KiB, of all answers together.
      byte[] granted = ByteBuffer.allocate(4).putInt(length).array();
      send(WINDOW_UPDATE, 0, 0, granted);
      if ((frame.flags() & END_STREAM) == 0) {
        send(WINDOW_UPDATE, 0, frame.stream(), granted);
      }
    }
    return frame;
  }

  private ByteBuffer receive(int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException("the server closed the connection");
      }
    }
    return buffer.flip();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
