package io.morsel.registry;

import static io.morsel.registry.RealRegistryTest.isOfKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS as a hosts.toml asks for it, towards Debian's docker-registry. */
@Timeout(120)
final class HostTlsTest {
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test").withRetries(1, Duration.ofMillis(1), Duration.ofMillis(20));

  /** The registry's name, which is no address: what is tested is all in the hosts.toml. */
  private static final ImageReference REFERENCE =
      ImageReference.parse("registry.invalid:5000/app:1");

  @TempDir Path directory;
  private Path certificates = Path.of("");
  private final TestImage image = new TestImage(8, 1000, Platform.parse("linux/amd64"));

  @BeforeEach
  void makeCertificates() throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
    certificates = Files.createDirectory(directory.resolve("made"));
    for (String authority : List.of("server-ca", "client-ca")) {
      openssl(
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-keyout",
          authority + ".key",
          "-out",
          authority + ".crt",
          "-subj",
          "/CN=" + authority);
    }
    openssl("genrsa", "-traditional", "-out", "client-rsa.key", "2048");
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "client-ec.key");
    openssl("genpkey", "-algorithm", "ed25519", "-out", "client-ed25519.key");
    openssl(
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-out",
        "client-pkcs8.key");
    openssl("genrsa", "-out", "server.key", "2048");
    sign("server", "server-ca", "subjectAltName=IP:127.0.0.1");
    for (String client : List.of("rsa", "ec", "ed25519", "pkcs8")) {
      sign("client-" + client, "client-ca", "extendedKeyUsage=clientAuth");
    }
  }

  private void sign(String name, String authority, String extension) throws Exception {
    openssl("req", "-new", "-key", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name);
    Files.writeString(certificates.resolve(name + ".ext"), extension + "\n");
    openssl(
        "x509",
        "-req",
        "-in",
        name + ".csr",
        "-CA",
        authority + ".crt",
        "-CAkey",
        authority + ".key",
        "-CAcreateserial",
        "-out",
        name + ".crt",
        "-extfile",
        name + ".ext");
  }

  private void openssl(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("/usr/bin/openssl"));
    command.addAll(List.of(words));
    Path log = certificates.resolve("openssl.log");
    int code =
        new ProcessBuilder(command)
            .directory(certificates.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    assertThat(code).as(() -> command + ": " + read(log)).isZero();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private DockerRegistry start(boolean asksForClients) throws Exception {
    String tls =
        "certificate: %1$s/server.crt\nkey: %1$s/server.key\n".formatted(certificates)
            + (asksForClients ? "clientcas:\n  - " + certificates + "/client-ca.crt\n" : "");
    return DockerRegistry.startWithTls(Files.createDirectory(directory.resolve("registry")), tls);
  }

  private RegistryClient client(DockerRegistry registry, String... lines) throws IOException {
    Path place = Files.createDirectories(directory.resolve("certs.d/registry.invalid_5000_"));
    Files.writeString(
        place.resolve("hosts.toml"),
        "server = \"https://" + registry.address() + "\"\n" + String.join("\n", lines));
    return new RegistryClient(
        SETTINGS.withHostsDirectory(directory.resolve("certs.d")),
        Credentials.anonymous(),
        TransferListener.NONE);
  }

  private void writeAndRead(RegistryClient client) throws IOException {
    image.writeTo(client.target(REFERENCE));
    assertThat(client.manifest(REFERENCE).bytes()).isEqualTo(image.index.bytes());
    try (var in = client.blob(REFERENCE, image.layerDescriptor).open(5, 10)) {
      assertThat(in.readAllBytes()).hasSize(10);
    }
  }

  @Test
  void anAuthorityOfTheFileIsTrusted() throws Exception {
    Files.createDirectories(directory.resolve("certs.d/registry.invalid_5000_"));
    Files.copy(
        certificates.resolve("server-ca.crt"),
        directory.resolve("certs.d/registry.invalid_5000_/mine.pem"));
    try (DockerRegistry registry = start(false)) {
      try (RegistryClient client = client(registry, "ca = \"mine.pem\"")) {
        writeAndRead(client);
      }
      try (RegistryClient client = client(registry)) {
        assertThatThrownBy(() -> client.manifest(REFERENCE))
            .hasMessageContaining("no secure connection to " + registry.address())
            .satisfies(isOfKind(Kind.UNAVAILABLE));
      }
      try (RegistryClient client = client(registry, "skip_verify = true")) {
        writeAndRead(client);
      }
      String other = "ca = [\"" + certificates.resolve("client-ca.crt") + "\"]";
      try (RegistryClient client = client(registry, other)) {
        assertThatThrownBy(() -> client.manifest(REFERENCE))
            .hasMessageContaining("no secure connection to");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rsa", "ec", "ed25519", "pkcs8"})
  void aClientShowsWhoItIs(String kind) throws Exception {
    String ca = "ca = \"" + certificates.resolve("server-ca.crt") + "\"";
    Path certificate = certificates.resolve("client-" + kind + ".crt");
    Path key = certificates.resolve("client-" + kind + ".key");
    try (DockerRegistry registry = start(true)) {
      try (RegistryClient client =
          client(registry, ca, "client = [[\"" + certificate + "\", \"" + key + "\"]]")) {
        writeAndRead(client);
      }
      Path both = certificates.resolve("both.pem");
      Files.writeString(both, Files.readString(key) + Files.readString(certificate));
      try (RegistryClient client = client(registry, ca, "client = \"" + both + "\"")) {
        writeAndRead(client);
      }
      try (RegistryClient client = client(registry, ca)) {
        assertThatThrownBy(() -> client.manifest(REFERENCE)).satisfies(isOfKind(Kind.UNAVAILABLE));
      }
    }
  }

  @Test
  void withoutAFileTheNamesOfTheCertificatesCount() throws Exception {
    try (DockerRegistry registry = start(true)) {
      ImageReference reference = ImageReference.parse(registry.address() + "/app:1");
      Path place =
          Files.createDirectories(directory.resolve("certs.d").resolve(registry.address()));
      Files.copy(certificates.resolve("server-ca.crt"), place.resolve("ca.crt"));
      Files.copy(certificates.resolve("client-ec.crt"), place.resolve("client.cert"));
      Files.copy(certificates.resolve("client-ec.key"), place.resolve("client.key"));
      HostsDirectory hosts = new HostsDirectory(directory.resolve("certs.d"));
      HostConnection connection = hosts.hosts(reference.registry()).getFirst().connection();
      assertThat(connection.authorities()).hasSize(1);
      assertThat(connection.keys()).hasSize(1);
      Files.delete(place.resolve("client.key"));
      assertThatThrownBy(
              () -> new HostsDirectory(directory.resolve("certs.d")).hosts(reference.registry()))
          .hasMessageContaining("client.cert: " + place.resolve("client.key"));
    }
  }

  @Test
  void aKeyWithAPasswordIsRefusedWithAdvice() throws Exception {
    openssl("rsa", "-in", "client-rsa.key", "-aes128", "-passout", "pass:x", "-out", "locked.key");
    Path place = Files.createDirectories(directory.resolve("certs.d/registry.invalid_5000_"));
    String pair = certificates.resolve("client-rsa.crt") + "\", \"" + certificates;
    Files.writeString(place.resolve("hosts.toml"), "client = [[\"" + pair + "/locked.key\"]]");
    HostsDirectory hosts = new HostsDirectory(directory.resolve("certs.d"));
    assertThatThrownBy(() -> hosts.hosts("registry.invalid:5000"))
        .hasMessageContaining("client: " + certificates.resolve("locked.key"))
        .hasMessageContaining("without a password");
  }
}
