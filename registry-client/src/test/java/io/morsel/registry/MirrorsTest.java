package io.morsel.registry;

import static io.morsel.registry.RealRegistryTest.isOfKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which host is asked for what, and in which order. */
@Timeout(60)
final class MirrorsTest {
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test")
          .withRetries(2, Duration.ofMillis(1), Duration.ofMillis(20))
          .withTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20));

  @TempDir Path directory;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final TestImage image = new TestImage(3, 100_000, Platform.parse("linux/amd64"));

  /** What was asked, in its order: the host's name in the test, the path and query. */
  private final List<String> asked = new CopyOnWriteArrayList<>();

  private final List<HttpServer> servers = new ArrayList<>();
  private String upstream = "";
  private String first = "";
  private String second = "";

  @BeforeEach
  void start() throws IOException {
    upstream = serve("upstream", this::serveImage);
  }

  @AfterEach
  void stop() {
    servers.forEach(server -> server.stop(0));
    threads.close();
  }

  private String serve(String name, HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          asked.add(name + " " + exchange.getRequestURI());
          handler.handle(exchange);
        });
    server.start();
    servers.add(server);
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private void serveImage(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (path.contains("/manifests/") && (name.equals("1") || isManifest(name))) {
      boolean index = name.equals("1") || image.index.descriptor().digest().toString().equals(name);
      VerifiedContent content = index ? image.index : image.manifest;
      exchange.getResponseHeaders().set("Content-Type", content.descriptor().mediaType());
      answer(exchange, 200, content.bytes());
    } else if (name.equals(image.layerDescriptor.digest().toString())) {
      String range = exchange.getRequestHeaders().getFirst("Range");
      if (range == null) {
        answer(exchange, 200, image.layer);
        return;
      }
      String[] ends = range.substring("bytes=".length()).split("-", -1);
      int from = Integer.parseInt(ends[0]);
      int to = Integer.parseInt(ends[1]) + 1;
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + image.layer.length);
      answer(exchange, 206, Arrays.copyOfRange(image.layer, from, to));
    } else {
      answer(exchange, 404, new byte[0]);
    }
  }

  private boolean isManifest(String digest) {
    return Stream.of(image.index, image.manifest)
        .anyMatch(content -> content.descriptor().digest().toString().equals(digest));
  }

  private static HttpHandler status(int status) {
    return exchange -> answer(exchange, status, new byte[0]);
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private void hosts(String text) throws IOException {
    Path place = Files.createDirectories(directory.resolve(upstream.replace(':', '_') + "_"));
    Files.writeString(
        place.resolve("hosts.toml"),
        text.replace("UPSTREAM", upstream).replace("FIRST", first).replace("SECOND", second));
  }

  private RegistryClient client(Credentials credentials) {
    return new RegistryClient(
        SETTINGS.withHostsDirectory(directory), credentials, TransferListener.NONE);
  }

  private ImageReference reference() {
    return ImageReference.parse(upstream + "/app:1");
  }

  private byte[] read(RegistryClient client, int offset, int length) throws IOException {
    try (InputStream in = client.blob(reference(), image.layerDescriptor).open(offset, length)) {
      return in.readAllBytes();
    }
  }

  private byte[] expected(int offset, int length) {
    return Arrays.copyOfRange(image.layer, offset, offset + length);
  }

  /** What tells a mirror which registry is meant, encoded as containerd does it. */
  private String namespace() {
    return "?ns=" + upstream.replace(":", "%3A");
  }

  private String layerPath() {
    return "/v2/app/blobs/" + image.layerDescriptor.digest();
  }

  @Test
  void aMirrorIsAskedWithTheNamespaceAndTheRegistryLeftAlone() throws IOException {
    first = serve("first", this::serveImage);
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(client.manifest(reference()).bytes()).isEqualTo(image.index.bytes());
      assertThat(read(client, 1000, 500)).isEqualTo(expected(1000, 500));
    }
    assertThat(asked)
        .containsExactly(
            "first /v2/app/manifests/1" + namespace(), "first " + layerPath() + namespace());
  }

  @Test
  void aMirrorThatOnlyPullsDoesNotSayWhatATagMeans() throws IOException {
    first = serve("first", this::serveImage);
    hosts("[host.\"http://FIRST\"]\ncapabilities = [\"pull\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      VerifiedContent index = client.manifest(reference());
      assertThat(index.bytes()).isEqualTo(image.index.bytes());
      assertThat(client.manifest(reference(), image.manifest.descriptor()).bytes())
          .isEqualTo(image.manifest.bytes());
      client.referrers(reference(), index.descriptor().digest(), "application/x");
    }
    String digest = image.manifest.descriptor().digest().toString();
    assertThat(asked)
        .startsWith(
            "upstream /v2/app/manifests/1", "first /v2/app/manifests/" + digest + namespace())
        .filteredOn(request -> request.startsWith("first"))
        .hasSize(1);
  }

  @Test
  void hostsAreAskedInTheirOrderUntilOneServes() throws IOException {
    first = serve("first", status(404));
    second = serve("second", status(500));
    hosts("[host.\"http://SECOND/hub\"]\n[host.\"http://FIRST/v2/x/\"]\noverride_path = true\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(client.manifest(reference()).bytes()).isEqualTo(image.index.bytes());
    }
    assertThat(asked)
        .containsExactly(
            "second /hub/v2/app/manifests/1" + namespace(),
            "first /v2/x/app/manifests/1" + namespace(),
            "upstream /v2/app/manifests/1");
  }

  @Test
  void theServerTakesTheRegistrysPlace() throws IOException {
    first = serve("first", this::serveImage);
    hosts("server = \"http://FIRST\"\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(client.manifest(reference()).bytes()).isEqualTo(image.index.bytes());
    }
    assertThat(asked).containsExactly("first /v2/app/manifests/1" + namespace());
  }

  @Test
  void aMirrorThatIsGoneIsNotAskedForEveryRange() throws IOException {
    first = serve("first", this::serveImage);
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(read(client, 0, 100)).isEqualTo(expected(0, 100));
      servers.getLast().stop(0);
      List<String> failed = new CopyOnWriteArrayList<>();
      try (RegistryClient counting =
          new RegistryClient(
              SETTINGS.withHostsDirectory(directory),
              Credentials.anonymous(),
              new TransferListener() {
                @Override
                public void failed(String host) {
                  failed.add(host);
                }
              })) {
        for (int i = 0; i < 20; i++) {
          assertThat(read(counting, 1000 * i, 100)).isEqualTo(expected(1000 * i, 100));
        }
      }
      assertThat(failed).containsExactly(first);
      assertThat(read(client, 500, 100)).isEqualTo(expected(500, 100));
    }
  }

  @Test
  void aMirrorThatHasNotTheBlobIsAskedOnce() throws IOException {
    first = serve("first", status(404));
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      for (int i = 0; i < 20; i++) {
        assertThat(read(client, 1000 * i, 100)).isEqualTo(expected(1000 * i, 100));
      }
    }
    assertThat(asked).filteredOn(request -> request.startsWith("first")).hasSize(1);
    assertThat(asked).filteredOn(request -> request.startsWith("upstream")).hasSize(20);
  }

  @Test
  void aMirrorThatIsMistrustedIsPassedOverForThatBlob() throws IOException {
    first = serve("first", this::serveImage);
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      read(client, 0, 10);
      client.blob(reference(), image.layerDescriptor).mistrust();
      read(client, 10, 10);
      client.manifest(reference(), image.manifest.descriptor());
    }
    assertThat(asked)
        .extracting(request -> request.substring(0, request.indexOf(' ')))
        .containsExactly("first", "upstream", "first");
  }

  @Test
  void aMirrorThatBreaksOffIsTakenUpByTheRegistry() throws IOException {
    first =
        serve(
            "first",
            exchange -> {
              exchange.sendResponseHeaders(200, image.layer.length);
              exchange.getResponseBody().write(image.layer, 0, 40_000);
              exchange.getResponseBody().flush();
              exchange.close();
            });
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(read(client, 0, image.layer.length)).isEqualTo(image.layer);
    }
    assertThat(asked)
        .containsExactly("first " + layerPath() + namespace(), "upstream " + layerPath());
  }

  @Test
  void aMirrorThatLiesIsNotBelieved() throws IOException {
    first = serve("first", exchange -> answer(exchange, 200, new byte[] {'{', '}'}));
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThat(client.manifest(reference(), image.manifest.descriptor()).bytes())
          .isEqualTo(image.manifest.bytes());
      assertThat(client.fetch(reference(), image.layerDescriptor, 1 << 20).bytes())
          .isEqualTo(image.layer);
    }
  }

  @Test
  void whenAllFailEachIsNamed() throws IOException {
    servers.removeLast().stop(0);
    first = serve("first", status(403));
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThatThrownBy(() -> client.manifest(reference()))
          .hasMessageContaining("no connection to " + upstream)
          .hasMessageContaining(first + " answered with status 403")
          .satisfies(isOfKind(Kind.UNAVAILABLE));
    }
  }

  @Test
  void whatTheRegistryDoesNotHaveIsNotAskedForAgain() throws IOException {
    servers.removeLast().stop(0);
    upstream = serve("upstream", status(404));
    first = serve("first", status(503));
    hosts("[host.\"http://FIRST\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThatThrownBy(() -> client.manifest(reference())).satisfies(isOfKind(Kind.NOT_FOUND));
    }
    assertThat(asked).hasSize(2);
  }

  @Test
  void credentialsAreThoseOfTheHostThatIsAsked() throws IOException {
    List<String> wanted = new CopyOnWriteArrayList<>();
    List<String> sent = new CopyOnWriteArrayList<>();
    first =
        serve(
            "first",
            exchange -> {
              String authorization = exchange.getRequestHeaders().getFirst("Authorization");
              if (authorization == null) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"x\"");
                answer(exchange, 401, new byte[0]);
              } else {
                sent.add(authorization);
                serveImage(exchange);
              }
            });
    hosts("[host.\"http://FIRST\"]\n[host.\"http://FIRST\".header]\nx-team = \"a\"\n");
    Credentials credentials =
        registry -> {
          wanted.add(registry);
          return new Credential.UserPassword("of-" + registry, "secret");
        };
    try (RegistryClient client = client(credentials)) {
      client.manifest(reference());
    }
    assertThat(wanted).containsExactly(first);
    String userPassword = "of-" + first + ":secret";
    assertThat(sent)
        .containsExactly(
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(userPassword.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void headersGoToTheirHostOnly() throws IOException {
    List<String> got = new CopyOnWriteArrayList<>();
    HttpHandler telling =
        exchange -> {
          got.add(String.valueOf(exchange.getRequestHeaders().get("X-Team")));
          answer(exchange, 404, new byte[0]);
        };
    servers.removeLast().stop(0);
    upstream = serve("upstream", telling);
    first = serve("first", telling);
    hosts("[host.\"http://FIRST\"]\n[host.\"http://FIRST\".header]\nx-team = [\"a\", \"b\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThatThrownBy(() -> client.manifest(reference()));
    }
    assertThat(got).containsExactly("[a, b]", "null");
  }

  @Test
  void writingGoesToTheFirstHostThatMayBeWrittenTo() throws IOException {
    Path storage = Files.createDirectory(directory.resolve("registry"));
    first = serve("first", this::serveImage);
    try (DockerRegistry real = startRegistry(storage)) {
      servers.removeLast().stop(0);
      upstream = real.address();
      hosts("[host.\"http://FIRST\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
      try (RegistryClient client = client(Credentials.anonymous())) {
        image.writeTo(client.target(reference()));
      }
      assertThat(asked).isEmpty();
      hosts("server = \"http://UPSTREAM\"\ncapabilities = [\"pull\"]\n");
      try (RegistryClient client = client(Credentials.anonymous())) {
        assertThatThrownBy(() -> image.writeTo(client.target(reference())))
            .hasMessageContaining("no host for " + upstream + " with the capabilities push");
        assertThatThrownBy(() -> client.manifest(reference()))
            .hasMessageContaining("capabilities pull and resolve");
        assertThat(read(client, 0, 10)).isEqualTo(expected(0, 10));
      }
    }
  }

  private static DockerRegistry startRegistry(Path storage) throws IOException {
    try {
      return DockerRegistry.start(storage, "");
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void aFileThatCantBeUsedIsNamed() throws IOException {
    hosts("[host.\"http://m.example\"]\ncapabilities = [\"pul\"]\n");
    try (RegistryClient client = client(Credentials.anonymous())) {
      assertThatThrownBy(() -> client.manifest(reference()))
          .hasMessageContaining("hosts.toml: host.\"http://m.example\".capabilities has 'pul'");
    }
    assertThat(asked).isEmpty();
  }
}
