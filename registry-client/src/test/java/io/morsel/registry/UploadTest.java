package io.morsel.registry;

import static io.morsel.registry.RealRegistryTest.isOfKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.RegistryException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Uploads to a registry that fails, and the tokens for it, played by a small server. */
@Timeout(60)
final class UploadTest {
  private static final byte[] CONTENT = "a layer".getBytes(StandardCharsets.UTF_8);
  private static final Descriptor LAYER =
      new Descriptor(MediaTypes.OCI_LAYER_GZIP, Digest.of(CONTENT), CONTENT.length);
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test")
          .withRetries(2, Duration.ofMillis(1), Duration.ofMillis(50))
          .withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20));

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger sessions = new AtomicInteger();
  private HttpServer server;

  /** The status with which the upload of that number is answered. */
  private interface Answers {
    int status(int upload);
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.close();
  }

  private String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private void acceptUploads(Answers answers) {
    server.createContext(
        "/v2/app/blobs/",
        exchange -> {
          String path = exchange.getRequestURI().getPath().substring("/v2/app/blobs/".length());
          boolean start = path.equals("uploads/");
          int upload = start ? sessions.incrementAndGet() : sessions.get();
          String shown = path.startsWith("sha256:") ? "blob" : path;
          requests.add(exchange.getRequestMethod() + " " + shown);
          if (start) {
            exchange.getResponseHeaders().set("Location", "/v2/app/blobs/uploads/" + upload);
          }
          int status =
              switch (exchange.getRequestMethod()) {
                case "HEAD" -> 404;
                case "POST" -> 202;
                case "PUT" -> {
                  exchange.getRequestBody().readAllBytes();
                  yield answers.status(upload);
                }
                default -> 204;
              };
          end(exchange, status);
        });
  }

  private static void end(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  private void upload(Credentials credentials) throws IOException {
    RegistryClient client = new RegistryClient(SETTINGS, credentials, TransferListener.NONE);
    try (client) {
      client
          .target(ImageReference.parse(address() + "/app:1"))
          .writeBlob(LAYER, () -> new ByteArrayInputStream(CONTENT));
    }
  }

  @Test
  void uploadThatFailedForAPassingReasonIsAbandonedAndTriedAgain() throws IOException {
    acceptUploads(upload -> upload == 1 ? 503 : 201);
    upload(Credentials.anonymous());
    assertThat(requests)
        .containsExactly(
            "HEAD blob",
            "POST uploads/",
            "PUT uploads/1",
            "DELETE uploads/1",
            "POST uploads/",
            "PUT uploads/2");
  }

  @Test
  void triesAreBoundedAndLeaveNoUpload() {
    acceptUploads(_ -> 503);
    assertThatThrownBy(() -> upload(Credentials.anonymous()))
        .hasMessageContaining(LAYER.digest().toString())
        .satisfies(isOfKind(Kind.UNAVAILABLE));
    assertThat(requests.stream().filter(r -> r.startsWith("PUT"))).hasSize(3);
    assertThat(requests.stream().filter(r -> r.startsWith("DELETE")))
        .containsExactly("DELETE uploads/1", "DELETE uploads/2", "DELETE uploads/3");
  }

  @Test
  void refusedUploadIsNotTriedAgain() {
    acceptUploads(_ -> 400);
    assertThatThrownBy(() -> upload(Credentials.anonymous())).isInstanceOf(RegistryException.class);
    assertThat(requests)
        .containsExactly("HEAD blob", "POST uploads/", "PUT uploads/1", "DELETE uploads/1");
  }

  @Test
  void contentThatIsNotTheDescriptorsLeavesNoUpload() {
    acceptUploads(_ -> 201);
    RegistryClient client =
        new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE);
    try (client) {
      ImageReference reference = ImageReference.parse(address() + "/app:1");
      assertThatThrownBy(
              () ->
                  client
                      .target(reference)
                      .writeBlob(LAYER, () -> new ByteArrayInputStream(new byte[3])))
          .isInstanceOf(IOException.class);
    }
    assertThat(requests.getLast()).isEqualTo("DELETE uploads/1");
    assertThat(sessions).hasValue(1);
  }

  @Test
  void identityTokenIsExchangedForOneToWriteWith() throws IOException {
    List<String> forms = new CopyOnWriteArrayList<>();
    server.createContext(
        "/token",
        exchange -> {
          String form =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          forms.add(exchange.getRequestMethod() + " " + form);
          byte[] body = "{\"access_token\":\"fresh\"}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.createContext(
        "/v2/app/blobs/",
        exchange -> {
          if ("Bearer fresh".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            end(exchange, 200);
            return;
          }
          String realm = "Bearer realm=\"http://" + address() + "/token\",service=\"s\"";
          exchange.getResponseHeaders().set("WWW-Authenticate", realm);
          end(exchange, 401);
        });
    upload(_ -> new Credential.IdentityToken("long-lived"));
    assertThat(forms).hasSize(1);
    assertThat(forms.getFirst())
        .startsWith("POST ")
        .contains("grant_type=refresh_token")
        .contains("refresh_token=long-lived")
        .contains("scope=repository%3Aapp%3Apull%2Cpush");
  }
}
