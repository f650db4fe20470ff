package io.morsel.containerd;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The first HTTP/2 handshake of a server, done with itself before clients know of it.
 *
 * <p>It loads a few hundred classes. containerd gives its first attempt to connect to a proxy
 * plugin one second, handshake included, and fails the calls that wait for it: on a busy node, a
 * container that is started right after the daemon would fail to start.
 */
final class FirstHandshake {
  private FirstHandshake() {}

  /** Connects, sends what a client sends first, and waits for the server's answer. */
  static void with(Path socket) throws IOException {
    RawCalls.open(socket).close();
  }
}
