package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several ranges come by one request where a registry serves them, and by several elsewhere. */
@Timeout(60)
final class RangesTest {
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test").withRetries(3, Duration.ofMillis(1), Duration.ofMillis(20));

  private static final List<ByteRange> SOME =
      List.of(new ByteRange(10, 5_000), new ByteRange(100_000, 1), new ByteRange(200_000, 70_000));

  private final byte[] content = new byte[1_000_000];
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private HttpServer server;

  @TempDir private Path directory;

  /** Answers a request for these ranges. */
  private interface Answer {
    void to(HttpExchange exchange, List<ByteRange> ranges) throws IOException;
  }

  @BeforeEach
  void start() throws IOException {
    new Random(5).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private RemoteBlob blob(Answer answer) {
    server.createContext(
        "/v2/app/",
        exchange -> {
          String header = String.valueOf(exchange.getRequestHeaders().getFirst("Range"));
          asked.add(header);
          List<ByteRange> ranges = new ArrayList<>();
          for (String range : header.substring("bytes=".length()).split(",", -1)) {
            String[] ends = range.split("-", -1);
            long first = Long.parseLong(ends[0]);
            ranges.add(new ByteRange(first, Long.parseLong(ends[1]) - first + 1));
          }
          try (exchange) {
            answer.to(exchange, ranges);
          }
        });
    return client().blob(reference(), Digest.of(content), content.length);
  }

  private static RegistryClient client() {
    return new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE);
  }

  private ImageReference reference() {
    return ImageReference.parse("127.0.0.1:" + server.getAddress().getPort() + "/app:1");
  }

  private void one(HttpExchange exchange, ByteRange range) throws IOException {
    exchange
        .getResponseHeaders()
        .set(
            "Content-Range",
            "bytes %d-%d/%d".formatted(range.offset(), range.end() - 1, content.length));
    exchange.sendResponseHeaders(206, range.lengthBytes());
    exchange.getResponseBody().write(content, (int) range.offset(), (int) range.lengthBytes());
  }

  private byte[] multipart(List<ByteRange> ranges, String lineBreak) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (ByteRange range : ranges) {
      body.writeBytes(
          "%s--b%sContent-Type: x/y%scontent-range: bytes %d-%d/%d%s%s"
              .formatted(
                  lineBreak,
                  lineBreak,
                  lineBreak,
                  range.offset(),
                  range.end() - 1,
                  content.length,
                  lineBreak,
                  lineBreak)
              .getBytes(StandardCharsets.US_ASCII));
      body.write(content, (int) range.offset(), (int) range.lengthBytes());
    }
    body.writeBytes("\r\n--b--\r\n".getBytes(StandardCharsets.US_ASCII));
    return body.toByteArray();
  }

  private static void send(HttpExchange exchange, byte[] body, int bytes) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "multipart/byteranges; boundary=b");
    exchange.sendResponseHeaders(206, body.length);
    exchange.getResponseBody().write(body, 0, Math.min(bytes, body.length));
  }

  private byte[] expected(List<ByteRange> ranges) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ByteRange range : ranges) {
      bytes.write(content, (int) range.offset(), (int) range.lengthBytes());
    }
    return bytes.toByteArray();
  }

  private static byte[] read(RemoteBlob blob, List<ByteRange> ranges) throws IOException {
    try (InputStream in = blob.open(ranges)) {
      return in.readAllBytes();
    }
  }

  /** Debian's registry, at random, through the stream and through the channel. */
  @Test
  void aRegistryServesThemByOneRequest() throws Exception {
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client = client()) {
      TestImage image = new TestImage(1, 3_000_000, Platform.parse("linux/amd64"));
      ImageReference reference = ImageReference.parse(registry.address() + "/team/app:1");
      image.writeTo(client.target(reference));
      RemoteBlob blob = client.blob(reference, image.layerDescriptor);
      for (int seed = 0; seed < 30; seed++) {
        Random random = new Random(seed);
        List<ByteRange> ranges = new ArrayList<>();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        for (int at = random.nextInt(1_000); at < image.layer.length && ranges.size() < 64; ) {
          int length = 1 + random.nextInt(Math.min(20_000, image.layer.length - at));
          ranges.add(new ByteRange(at, length));
          expected.write(image.layer, at, length);
          at += length + random.nextInt(100_000);
        }
        ByteBuffer target = ByteBuffer.allocateDirect(expected.size());
        try (InputStream in = blob.open(ranges)) {
          while (random.nextBoolean() && target.hasRemaining()) {
            target.put((byte) in.read());
          }
          ReadableByteChannel channel = (ReadableByteChannel) in;
          while (target.hasRemaining() && channel.read(target) >= 0) {
            // Until all of it is there.
          }
          assertThat(in.read()).isEqualTo(-1);
        }
        byte[] bytes = new byte[target.position()];
        target.flip().get(bytes);
        assertThat(bytes).as("seed %d", seed).isEqualTo(expected.toByteArray());
        assertThat(blob.servesRanges()).isTrue();
      }
    }
  }

  @Test
  void aBrokenAnswerIsGoneOnWith() throws Exception {
    RemoteBlob blob =
        blob(
            (exchange, ranges) -> {
              if (ranges.size() > 1) {
                send(exchange, multipart(ranges, "\r\n"), 30_000);
              } else {
                one(exchange, ranges.getFirst());
              }
            });
    assertThat(read(blob, SOME)).isEqualTo(expected(SOME));
    assertThat(asked).hasSize(2);
    assertThat(asked.getFirst()).isEqualTo("bytes=10-5009,100000-100000,200000-269999");
    assertThat(blob.servesRanges()).isTrue();
  }

  @Test
  void whatServesOneAtMostIsAskedForEach() throws Exception {
    List<Answer> answers =
        List.of(
            (exchange, ranges) -> {
              exchange.sendResponseHeaders(200, content.length);
              exchange.getResponseBody().write(content);
            },
            (exchange, ranges) -> one(exchange, ranges.getFirst()),
            (exchange, ranges) -> one(exchange, new ByteRange(ranges.getFirst().offset(), 269_990)),
            (exchange, ranges) -> exchange.sendResponseHeaders(400, -1),
            (exchange, ranges) -> exchange.sendResponseHeaders(416, -1),
            (exchange, ranges) -> exchange.sendResponseHeaders(501, -1),
            (exchange, ranges) ->
                send(exchange, multipart(ranges.reversed(), "\r\n"), Integer.MAX_VALUE),
            (exchange, ranges) ->
                send(
                    exchange,
                    multipart(List.of(new ByteRange(10, 269_990)), "\r\n"),
                    Integer.MAX_VALUE),
            (exchange, ranges) ->
                send(exchange, "what?\r\n\r\n\r\n".getBytes(StandardCharsets.US_ASCII), 13),
            (exchange, ranges) ->
                send(exchange, "--b\r\n".repeat(100).getBytes(StandardCharsets.US_ASCII), 500));
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      asked.clear();
      RemoteBlob blob =
          blob(
              (exchange, ranges) -> {
                if (ranges.size() > 1) {
                  answer.to(exchange, ranges);
                } else {
                  one(exchange, ranges.getFirst());
                }
              });
      assertThat(read(blob, SOME)).as("answer %d", i).isEqualTo(expected(SOME));
      assertThat(blob.servesRanges()).as("answer %d", i).isFalse();
      assertThat(asked)
          .as("answer %d", i)
          .containsExactly(
              "bytes=10-5009,100000-100000,200000-269999",
              "bytes=10-5009",
              "bytes=100000-100000",
              "bytes=200000-269999");
      asked.clear();
      assertThat(read(blob, SOME)).isEqualTo(expected(SOME));
      assertThat(asked).as("it is not tried again").hasSize(3);
      server.removeContext("/v2/app/");
    }
  }

  @Test
  void lineBreaksMayBeBare() throws Exception {
    RemoteBlob blob =
        blob((exchange, ranges) -> send(exchange, multipart(ranges, "\n"), Integer.MAX_VALUE));
    assertThat(read(blob, SOME)).isEqualTo(expected(SOME));
    assertThat(asked).hasSize(1);
  }

  @Test
  void rangesOutOfOrderAreRefused() {
    RemoteBlob blob = blob((exchange, ranges) -> one(exchange, ranges.getFirst()));
    for (List<ByteRange> wrong :
        List.of(
            SOME.reversed(),
            List.of(new ByteRange(0, 10), new ByteRange(9, 1)),
            List.of(new ByteRange(0, 10), new ByteRange(content.length, 1)))) {
      assertThatThrownBy(() -> blob.open(wrong)).isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThat(asked).isEmpty();
  }
}
