package io.morsel.bench.run;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** One HTTP request to a server that may not be up yet, as cheap as it can be. */
final class LoopbackGet {
  private static final int CONNECT_MILLIS = 1_000;
  private static final int ANSWER_MILLIS = 60_000;

  private LoopbackGet() {}

  /** The body of the answer; empty if nobody answers with success. */
  static Optional<String> tryGet(URI address) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort()),
          CONNECT_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      socket
          .getOutputStream()
          .write(
              "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n"
                  .formatted(address.getPath())
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      int body = answer.indexOf("\r\n\r\n");
      return answer.matches("(?s)HTTP/1\\.[01] 200 .*") && body >= 0
          ? Optional.of(answer.substring(body + 4))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
