package io.morsel.containerd;

import static io.morsel.containerd.Http2Frame.*;

import io.grpc.MethodDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Calls of a gRPC server in the same process, made of bytes, whose answers are not looked at.
 *
 * <p>Takes the server through its first calls without what a real client brings along, which is
 * hundreds of classes that a daemon has no other use for. HTTP/2 is RFC 9113, its headers RFC 7541,
 * and calls are gRPC's "PROTOCOL-HTTP2". One thread at a time; interrupting it ends the connection.
 */
public final class RawCalls implements AutoCloseable {
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
      calls.send(ByteBuffer.wrap(PREFACE));
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
    call(method, List.of(request));
  }

  /**
   * Calls a method that takes a stream of messages, all of which are sent before an answer is
   * looked for, and waits until the call has ended, however it has.
   *
   * @throws IOException if the server ends the connection instead
   */
  public <Q> void call(MethodDescriptor<Q, ?> method, List<Q> requests) throws IOException {
    int stream = nextStream;
    nextStream += 2;
    send(HEADERS, END_HEADERS, stream, headers("/" + method.getFullMethodName()));
    for (int i = 0; i < requests.size(); i++) {
      byte[] prefixed = message(method, requests.get(i));
      send(DATA, i + 1 == requests.size() ? END_STREAM : 0, stream, prefixed);
    }
    for (Frame frame = receive(); !frame.ends(stream); frame = receive()) {
      if (frame.type() == GOAWAY) {
        throw new EOFException("the server ends the connection");
      }
    }
  }

  private static <Q> byte[] message(MethodDescriptor<Q, ?> method, Q request) throws IOException {
    byte[] message;
    try (InputStream in = method.streamRequest(request)) {
      message = in.readAllBytes();
    }
    if (message.length > MIN_FRAME - 5) {
      throw new IllegalArgumentException("a message of " + message.length + " bytes");
    }
    return ByteBuffer.allocate(5 + message.length)
        .put((byte) 0)
        .putInt(message.length)
        .put(message)
        .array();
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
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    Hpack.encode(block, ":method", "POST");
    Hpack.encode(block, ":scheme", "http");
    Hpack.encode(block, ":path", path);
    Hpack.encode(block, ":authority", UnixChannel.AUTHORITY);
    Hpack.encode(block, "te", "trailers");
    Hpack.encode(block, "content-type", "application/grpc");
    further.forEach((name, value) -> Hpack.encode(block, name, value));
    return block.toByteArray();
  }

  private void send(int type, int flags, int stream, byte[] payload) throws IOException {
    send(Http2Frame.frame(type, flags, stream, payload.length).put(payload).flip());
  }

  private void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private Frame receive() throws IOException {
    ByteBuffer header = receive(HEADER_BYTES);
    int length = (header.get() & 0xFF) << 16 | (header.getShort() & 0xFFFF);
    Frame frame = new Frame(header.get(), header.get(), header.getInt());
    if (length > MIN_FRAME) {
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
