package io.morsel.registry;

import static io.morsel.registry.RealRegistryTest.isOfKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What registries do wrong, or rarely, played by a small server. */
@Timeout(60)
final class FailureModesTest {
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test")
          .withRetries(3, Duration.ofMillis(1), Duration.ofMillis(50))
          .withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20));

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicInteger requests = new AtomicInteger();
  private final byte[] content = new byte[1_000_000];
  private HttpServer server;
  private HttpServer other;

  @BeforeEach
  void start() throws IOException {
    new Random(7).nextBytes(content);
    server = newServer();
    other = newServer();
  }

  @AfterEach
  void stop() {
    released.countDown();
    server.stop(0);
    other.stop(0);
    threads.close();
  }

  private HttpServer newServer() throws IOException {
    HttpServer fresh =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    fresh.setExecutor(threads);
    fresh.start();
    return fresh;
  }

  private static String address(HttpServer of) {
    return "127.0.0.1:" + of.getAddress().getPort();
  }

  private RemoteBlob blob(Credentials credentials, HttpHandler handler) {
    server.createContext(
        "/v2/app/",
        exchange -> {
          requests.incrementAndGet();
          handler.handle(exchange);
        });
    return client(credentials).blob(reference(), Digest.of(content), content.length);
  }

  private RemoteBlob blob(HttpHandler handler) {
    return blob(Credentials.anonymous(), handler);
  }

  private static RegistryClient client(Credentials credentials) {
    return new RegistryClient(SETTINGS, credentials, TransferListener.NONE);
  }

  private ImageReference reference() {
    return ImageReference.parse(address(server) + "/app:1");
  }

  /** Serves the asked range, but closes the connection after so many bytes. */
  private void serve(HttpExchange exchange, int maxBytes) throws IOException {
    int first = 0;
    int last = content.length - 1;
    String range = exchange.getRequestHeaders().getFirst("Range");
    if (range != null) {
      String[] ends = range.substring("bytes=".length()).split("-", -1);
      first = Integer.parseInt(ends[0]);
      last = Integer.parseInt(ends[1]);
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + first + "-" + last + "/" + content.length);
    }
    int length = last - first + 1;
    exchange.sendResponseHeaders(range == null ? 200 : 206, length);
    exchange.getResponseBody().write(content, first, Math.min(length, maxBytes));
    exchange.close();
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static byte[] read(RemoteBlob blob, int offset, int length) throws IOException {
    try (InputStream in = blob.open(offset, length)) {
      return in.readAllBytes();
    }
  }

  private byte[] expected(int offset, int length) {
    return Arrays.copyOfRange(content, offset, offset + length);
  }

  @Test
  void nothingIsAskedForBeforeTheFirstRead() throws IOException {
    RemoteBlob blob = blob(exchange -> serve(exchange, Integer.MAX_VALUE));
    assertThat(blob.sizeBytes()).isEqualTo(content.length);
    assertThat(read(blob, 5, 0)).isEmpty();
    assertThat(requests).hasValue(0);
    assertThat(read(blob, 5, 10)).isEqualTo(expected(5, 10));
    assertThat(requests).hasValue(1);
  }

  @Test
  void brokenStreamIsContinuedWhereItBroke() throws IOException {
    List<String> ranges = new CopyOnWriteArrayList<>();
    RemoteBlob blob =
        blob(
            exchange -> {
              ranges.add(exchange.getRequestHeaders().getFirst("Range"));
              serve(exchange, 300_000);
            });
    assertThat(read(blob, 10, 900_000)).isEqualTo(expected(10, 900_000));
    assertThat(ranges).first().isEqualTo("bytes=10-900009");
    assertThat(ranges).hasSizeBetween(3, 5).doesNotHaveDuplicates();
  }

  @Test
  void streamWithoutProgressFailsAfterItsRetries() {
    RemoteBlob blob = blob(exchange -> serve(exchange, 1));
    assertThatThrownBy(() -> read(blob, 10, 900_000)).satisfies(isOfKind(Kind.UNAVAILABLE));
    assertThat(requests).hasValue(4);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void passingFailuresAreRetried(int status) throws IOException {
    RemoteBlob blob =
        blob(
            exchange -> {
              if (requests.get() <= 2) {
                exchange.getResponseHeaders().set("Retry-After", "3600");
                answer(exchange, status, "");
              } else {
                serve(exchange, Integer.MAX_VALUE);
              }
            });
    assertThat(read(blob, 1, 100)).isEqualTo(expected(1, 100));
    assertThat(requests).hasValue(3);
  }

  @Test
  void lastingFailureIsReportedWithTheRegistrysWords() {
    RemoteBlob blob =
        blob(
            exchange ->
                answer(
                    exchange,
                    403,
                    "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\nway\"}]}"));
    assertThatThrownBy(() -> read(blob, 1, 100))
        .hasMessageContaining("DENIED: no?way")
        .satisfies(isOfKind(Kind.DENIED));
    assertThat(requests).hasValue(1);
  }

  @Test
  void ignoredRangeIsSkippedWithinBounds() throws IOException {
    HttpHandler whole =
        exchange -> {
          exchange.sendResponseHeaders(200, content.length);
          exchange.getResponseBody().write(content);
          exchange.close();
        };
    RemoteBlob blob = blob(whole);
    assertThat(read(blob, 0, 10)).isEqualTo(expected(0, 10));
    assertThat(read(blob, 500_000, 10)).isEqualTo(expected(500_000, 10));
    server.removeContext("/v2/app/");
    server.createContext("/v2/app/", exchange -> answer(exchange, 200, "short"));
    assertThatThrownBy(() -> read(blob, 500_000, 10)).satisfies(isOfKind(Kind.INVALID_RESPONSE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "bytes 0-9/1000000", "bytes 5-14/999", "bytes 5-15/1000000", "x"})
  void wrongContentRangeIsRefused(String contentRange) {
    RemoteBlob blob =
        blob(
            exchange -> {
              if (!contentRange.isEmpty()) {
                exchange.getResponseHeaders().set("Content-Range", contentRange);
              }
              answer(exchange, 206, "0123456789");
            });
    assertThatThrownBy(() -> read(blob, 5, 10)).satisfies(isOfKind(Kind.INVALID_RESPONSE));
  }

  @Test
  void furtherHeadersGoToTheRegistryAlone() throws IOException {
    List<String> seen = new CopyOnWriteArrayList<>();
    other.createContext(
        "/signed",
        exchange -> {
          seen.add("elsewhere " + exchange.getRequestHeaders().getFirst("X-Site"));
          serve(exchange, Integer.MAX_VALUE);
        });
    server.createContext(
        "/v2/app/",
        exchange -> {
          seen.add("registry " + exchange.getRequestHeaders().getFirst("X-Site"));
          exchange.getResponseHeaders().set("Location", "http://" + address(other) + "/signed");
          answer(exchange, 307, "");
        });
    RequestHeaders headers = RequestHeaders.of(Map.of("X-Site", "north"));
    try (RegistryClient client =
        new RegistryClient(
            SETTINGS.withHeaders(headers), Credentials.anonymous(), TransferListener.NONE)) {
      assertThat(read(client.blob(reference(), Digest.of(content), content.length), 0, 10))
          .isEqualTo(Arrays.copyOf(content, 10));
    }
    assertThat(seen).containsExactly("registry north", "elsewhere null");
    assertThat(headers.toString()).contains("X-Site").doesNotContain("north");
    assertThatThrownBy(() -> RequestHeaders.of(Map.of("X-Site", "se\ncret")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("X-Site")
        .hasMessageNotContaining("cret");
  }

  @Test
  void redirectKeepsCredentialsHomeAndIsRemembered() throws IOException {
    List<String> leaked = new CopyOnWriteArrayList<>();
    AtomicInteger elsewhere = new AtomicInteger();
    other.createContext(
        "/signed",
        exchange -> {
          leaked.addAll(exchange.getRequestHeaders().getOrDefault("Authorization", List.of()));
          // The first address expires after two uses.
          boolean expired =
              exchange.getRequestURI().getQuery().equals("n=2") && elsewhere.get() >= 2;
          if (expired) {
            answer(exchange, 403, "");
          } else {
            elsewhere.incrementAndGet();
            serve(exchange, Integer.MAX_VALUE);
          }
        });
    RemoteBlob blob =
        blob(
            registry -> new Credential.UserPassword("u", "p"),
            exchange -> {
              if (exchange.getRequestHeaders().getFirst("Authorization") == null) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"r\"");
                answer(exchange, 401, "");
                return;
              }
              exchange
                  .getResponseHeaders()
                  .set("Location", "http://" + address(other) + "/signed?n=" + requests.get());
              answer(exchange, 307, "");
            });
    assertThat(read(blob, 5, 10)).isEqualTo(expected(5, 10));
    assertThat(requests).as("unauthorized, then redirected").hasValue(2);
    assertThat(read(blob, 15, 10)).isEqualTo(expected(15, 10));
    assertThat(requests).as("the address is remembered").hasValue(2);
    assertThat(read(blob, 25, 10)).isEqualTo(expected(25, 10));
    assertThat(requests).as("the address had expired").hasValue(3);
    assertThat(leaked).isEmpty();
  }

  @Test
  void endlessRedirectsAreRefused() {
    RemoteBlob blob =
        blob(
            exchange -> {
              exchange.getResponseHeaders().set("Location", "/v2/app/again");
              answer(exchange, 302, "");
            });
    assertThatThrownBy(() -> read(blob, 5, 10))
        .hasMessageContaining("redirects")
        .satisfies(isOfKind(Kind.INVALID_RESPONSE));
    assertThat(requests).hasValue(11);
  }

  @Test
  void tokenIsFetchedOnceAndRenewedWhenRefused() throws Exception {
    AtomicInteger tokens = new AtomicInteger();
    List<String> queries = new CopyOnWriteArrayList<>();
    other.createContext(
        "/token",
        exchange -> {
          queries.add(exchange.getRequestURI().getQuery());
          answer(exchange, 200, "{\"token\":\"t" + tokens.incrementAndGet() + "\"}");
        });
    AtomicInteger valid = new AtomicInteger(1);
    RemoteBlob blob =
        blob(
            exchange -> {
              String wanted = "Bearer t" + valid.get();
              if (wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                serve(exchange, Integer.MAX_VALUE);
                return;
              }
              exchange
                  .getResponseHeaders()
                  .set(
                      "WWW-Authenticate",
                      "Bearer realm=\"http://" + address(other) + "/token\",service=\"s\"");
              answer(exchange, 401, "");
            });
    List<CompletableFuture<byte[]>> reads =
        Stream.generate(
                () ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          try {
                            return read(blob, 5, 10);
                          } catch (IOException e) {
                            throw new UncheckedIOException(e);
                          }
                        },
                        threads))
            .limit(20)
            .toList();
    for (CompletableFuture<byte[]> read : reads) {
      assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(expected(5, 10));
    }
    assertThat(queries).containsExactly("service=s&scope=repository:app:pull");
    valid.set(2);
    assertThat(read(blob, 5, 10)).isEqualTo(expected(5, 10));
    assertThat(tokens).hasValue(2);
    valid.set(99);
    assertThatThrownBy(() -> read(blob, 5, 10)).satisfies(isOfKind(Kind.UNAUTHORIZED));
    assertThat(tokens).hasValue(3);
  }

  @Test
  void manifestThatIsNotWhatItsDigestSaysIsRefused() {
    server.createContext(
        "/v2/app/manifests/",
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", MediaTypes.OCI_INDEX);
          exchange
              .getResponseHeaders()
              .set("Docker-Content-Digest", Digest.of(new byte[0]).toString());
          answer(exchange, 200, "{\"schemaVersion\":2,\"manifests\":[]}");
        });
    RegistryClient client = client(Credentials.anonymous());
    assertThatThrownBy(() -> client.manifest(reference()))
        .satisfies(isOfKind(Kind.INVALID_RESPONSE));
    assertThatThrownBy(() -> client.manifest(reference().withDigest(Digest.of(content))))
        .satisfies(isOfKind(Kind.INVALID_RESPONSE));
  }

  @Test
  void closeStopsTransferUnderAReader() throws Exception {
    RemoteBlob blob = blob(this::stall);
    InputStream in = blob.open(0, content.length);
    assertThat(in.readNBytes(100)).isEqualTo(expected(0, 100));
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread reader = Thread.ofVirtual().start(() -> failure.complete(catchThrowable(in::read)));
    while (reader.getState() == Thread.State.NEW || reader.getState() == Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
    in.close();
    assertThat(failure.get(5, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    assertThat(requests).as("a closed stream is not continued").hasValue(1);
  }

  @Test
  void interruptStopsTransfer() throws Exception {
    RemoteBlob blob = blob(this::stall);
    CountDownLatch started = new CountDownLatch(1);
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread reader =
        Thread.ofVirtual()
            .start(
                () ->
                    failure.complete(
                        catchThrowable(
                            () -> {
                              try (InputStream in = blob.open(0, content.length)) {
                                in.readNBytes(100);
                                started.countDown();
                                in.read();
                              }
                            })));
    assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
    reader.interrupt();
    assertThat(failure.get(5, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
    assertThat(requests).hasValue(1);
  }

  /** Sends a hundred bytes and then nothing more. */
  private void stall(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content, 0, 100);
    exchange.getResponseBody().flush();
    try {
      assertThat(released.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.close();
  }

  @Test
  void unreachableRegistrySaysWhatToCheck() {
    String gone = address(other);
    other.stop(0);
    assertThatThrownBy(
            () -> client(Credentials.anonymous()).manifest(ImageReference.parse(gone + "/a")))
        .hasMessageContaining("no connection to " + gone)
        .satisfies(isOfKind(Kind.UNAVAILABLE));
  }
}
