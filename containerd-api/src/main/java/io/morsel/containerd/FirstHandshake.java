package io.morsel.containerd;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The first HTTP/2 handshake of a server, done with itself before clients know of it.
 *
 * <p>It loads a few hundred classes. containerd gives its first attempt to connect to a proxy
 * plugin one second, handshake included, and fails the calls that wait for it: on a busy node, a
 * container that is started right after the daemon would fail to start.
 */
final class FirstHandshake {
  /** RFC 9113, section 3.4. */
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  /** A SETTINGS frame without settings: length 0, type 4, no flags, stream 0. */
  private static final byte[] SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

  private FirstHandshake() {}

  /** Connects, sends what a client sends first, and waits for the server's answer. */
  static void with(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      ByteBuffer hello = ByteBuffer.allocate(PREFACE.length() + SETTINGS.length);
      hello.put(PREFACE.getBytes(StandardCharsets.US_ASCII)).put(SETTINGS).flip();
      while (hello.hasRemaining()) {
        channel.write(hello);
      }
      ByteBuffer answer = ByteBuffer.allocate(SETTINGS.length);
      while (answer.hasRemaining()) {
        if (channel.read(answer) < 0) {
          throw new EOFException("the server closed its first connection");
        }
      }
    }
  }
}
