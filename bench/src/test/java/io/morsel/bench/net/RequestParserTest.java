package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestParserTest {
  @Test
  void countsAtTheEndOfAHead() {
    RequestParser parser = new RequestParser();

    assertThat(feed(parser, "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r")).isZero();
    assertThat(feed(parser, "\n")).isOne();
    assertThat(feed(parser, "GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET ")).isEqualTo(2);
  }

  @Test
  void takesNoBodyForARequest() {
    String body = "GET / HTTP/1.1\r\n\r\n";
    RequestParser parser = new RequestParser();

    assertThat(
            feed(
                parser,
                "PUT /a HTTP/1.1\r\ncontent-LENGTH:  %d \r\n\r\n%s".formatted(body.length(), body)))
        .isOne();
    assertThat(
            feed(
                parser,
                "PATCH /b HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x;x=y\r\n%s\r\n0\r\nA: b\r\n\r\n"
                    .formatted(body.length(), body)))
        .isOne();
    assertThat(feed(parser, body)).isOne();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u0016\u0003\u0001 HTTP/1.1\r\n\r\n",
        "hello\r\n\r\n",
        " HTTP/1.1\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"
      })
  void countsNothingOfWhatIsNotHttp(String bytes) {
    assertThat(feed(new RequestParser(), bytes + "GET / HTTP/1.1\r\n\r\n")).isZero();
  }

  @Test
  void countsHoweverTheBytesAreCut() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      int sent = random.nextInt(12);
      for (int i = 0; i < sent; i++) {
        stream.writeBytes(randomRequest(random));
      }
      byte[] bytes = stream.toByteArray();
      RequestParser parser = new RequestParser();
      int counted = 0;
      int longestPiece = 1 + random.nextInt(200);
      for (int at = 0; at < bytes.length; ) {
        int piece = Math.min(1 + random.nextInt(longestPiece), bytes.length - at);
        counted += parser.feed(ByteBuffer.wrap(bytes, at, piece)).size();
        at += piece;
      }
      assertThat(counted).as("seed %d", seed).isEqualTo(sent);
    }
  }

  /** A request whose body, if it has one, is made to look like requests and ends of lines. */
  static byte[] randomRequest(Random random) {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    String eol = random.nextInt(8) == 0 ? "\n" : "\r\n";
    String path = "/" + "x".repeat(random.nextInt(300));
    StringBuilder head = new StringBuilder();
    if (random.nextInt(8) == 0) {
      head.append(eol);
    }
    head.append(random.nextBoolean() ? "GET " : "PUT ")
        .append(path)
        .append(" HTTP/1.1")
        .append(eol);
    for (int i = random.nextInt(4); i > 0; i--) {
      head.append("Cookie: ").append("y".repeat(random.nextInt(400))).append(eol);
    }
    byte[] body = misleadingBody(random);
    switch (random.nextInt(3)) {
      case 0 -> write(request, head + eol);
      case 1 -> {
        write(request, head + "Content-Length: " + body.length + eol + eol);
        request.writeBytes(body);
      }
      default -> {
        write(request, head + "Transfer-Encoding: chunked" + eol + eol);
        for (int at = 0; at < body.length; ) {
          int chunk = Math.min(1 + random.nextInt(100), body.length - at);
          write(request, Integer.toHexString(chunk) + (random.nextBoolean() ? ";e=1" : "") + eol);
          request.write(body, at, chunk);
          write(request, eol);
          at += chunk;
        }
        write(request, "0" + eol + (random.nextBoolean() ? "Trailer: 1" + eol : "") + eol);
      }
    }
    return request.toByteArray();
  }

  private static byte[] misleadingBody(Random random) {
    String[] pieces = {"GET / HTTP/1.1\r\n", "\r\n", "\n\n", "0\r\n\r\n", "Content-Length: 9", "z"};
    StringBuilder body = new StringBuilder();
    for (int i = random.nextInt(20); i > 0; i--) {
      body.append(pieces[random.nextInt(pieces.length)]);
    }
    return body.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void write(ByteArrayOutputStream stream, String text) {
    stream.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static int feed(RequestParser parser, String bytes) {
    return parser.feed(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1))).size();
  }
}
