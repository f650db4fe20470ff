package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.registry.RegistryException.Kind;
import io.morsel.registry.RegistryHost.Capability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hosts.toml says, and what is said of one that is wrong. */
final class HostsFileTest {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("hosts.toml");
  }

  private HostsFile.Content parse(String text) throws RegistryException {
    return HostsFile.parse(file(), text);
  }

  private List<String> roots(String text) throws RegistryException {
    return parse(text).hosts().stream().map(host -> String.valueOf(host.root())).toList();
  }

  @Test
  void hostsComeInTheirOrderAndTheServerLast() throws Exception {
    assertThat(
            roots(
                """
                server = "https://registry.example"
                [host."https://zebra.example"]
                [host."http://alpha.example:5000"]
                [host."https://middle.example".header]
                  x = "y"
                [host."beta.example"]
                """))
        .containsExactly(
            "https://zebra.example/v2/",
            "http://alpha.example:5000/v2/",
            "https://middle.example/v2/",
            "https://beta.example/v2/",
            "https://registry.example/v2/");
  }

  @Test
  void withoutServerTheRegistryItselfIsLastAndCanDoEverything() throws Exception {
    List<RegistryHost> hosts =
        parse(
                """
                capabilities = ["pull"]
                skip_verify = true
                [host."https://mirror.example"]
                """)
            .hosts();
    assertThat(hosts.getLast().root()).isNull();
    assertThat(hosts.getLast().capabilities()).contains(Capability.values());
    assertThat(hosts.getLast().connection().skipVerify()).isTrue();
    assertThat(hosts.getFirst().connection().isDefault()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "https://m.example, false, https://m.example/v2/",
    "https://m.example/, false, https://m.example/v2/",
    "https://m.example/v2, false, https://m.example/v2/",
    "https://m.example/v2/, false, https://m.example/v2/",
    "https://m.example/us, false, https://m.example/us/v2/",
    "https://m.example/v2/hub, false, https://m.example/v2/hub/v2/",
    "https://m.example/v2/hub/, true, https://m.example/v2/hub/",
    "https://m.example, true, https://m.example/",
    "https://[fd00::1]:5000//, true, https://[fd00::1]:5000/",
  })
  void pathsAreContainerds(String address, boolean override, String root) throws Exception {
    assertThat(roots("[host.\"" + address + "\"]\noverride_path = " + override).getFirst())
        .isEqualTo(root);
  }

  @Test
  void everyKeyIsRead() throws Exception {
    RegistryHost host =
        parse(
                """
                [host."https://mirror.example"]
                  capabilities = ["pull", "RESOLVE"]
                  skip_verify = true
                  dial_timeout = "1.5s"
                  [host."https://mirror.example".header]
                    x-one = "1"
                    x-two = ["2", "3"]
                """)
            .hosts()
            .getFirst();
    assertThat(host.capabilities()).containsExactlyInAnyOrder(Capability.PULL, Capability.RESOLVE);
    assertThat(host.connection().skipVerify()).isTrue();
    assertThat(host.connection().dialTimeout()).isEqualTo(Duration.ofMillis(1500));
    Request.Builder request = new Request.Builder().url("https://x/").header("X-Two", "0");
    host.headers().addTo(request);
    assertThat(request.build().headers("x-one")).containsExactly("1");
    assertThat(request.build().headers("x-two")).containsExactly("2", "3");
  }

  @Test
  void keysOfOtherVersionsArePassedOverAndNamed() throws Exception {
    HostsFile.Content content =
        parse("proxy = \"http://p\"\n[host.\"https://m.example\"]\nfuture = 1\n");
    assertThat(content.hosts()).hasSize(2);
    assertThat(content.warnings())
        .containsExactlyInAnyOrder(
            file() + ": host.\"https://m.example\".future is not known and has no effect",
            file() + ": proxy is not known and has no effect");
  }

  static List<List<String>> wrong() {
    return List.of(
        List.of("server = ", "line 1"),
        List.of("server = 7", "server: expected text in quotes"),
        List.of("server = \"ftp://x\"", "server = \"ftp://x\": expected http://"),
        List.of("server = \"https://user:secret@x\"", "server = "),
        List.of("host = 1", "host: expected a table"),
        List.of("[host]\n\"https://m\" = 1", "host.\"https://m\": expected a table"),
        List.of(
            "[host.\"https://m\"]\ncapabilities = [\"pul\"]",
            "host.\"https://m\".capabilities has 'pul'"),
        List.of("capabilities = true", "capabilities: expected text in quotes, or a list"),
        List.of("skip_verify = \"yes\"", "skip_verify: expected true or false"),
        List.of("override_path = 1", "override_path: expected true or false"),
        List.of("dial_timeout = \"soon\"", "dial_timeout = \"soon\": expected a time"),
        List.of("dial_timeout = \"0s\"", "dial_timeout = \"0s\": expected a time"),
        List.of("[header]\n\"a b\" = \"c\"", "header: 'a b'"),
        List.of("[header]\na = 1", "header.a: expected text in quotes"),
        List.of("ca = \"missing.pem\"", "ca: "),
        List.of("client = [[\"a\", \"b\", \"c\"]]", "client: expected a file"),
        List.of("client = \"missing.pem\"", "client: "));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void whatIsWrongIsNamedWithFileAndKey(List<String> textAndComplaint) {
    assertThatThrownBy(() -> parse(textAndComplaint.getFirst()))
        .isInstanceOf(RegistryException.class)
        .hasMessageStartingWith("registry hosts: " + file() + ": " + textAndComplaint.getLast())
        .satisfies(RealRegistryTest.isOfKind(Kind.UNAVAILABLE));
  }

  @Test
  void aFileWithoutCertificatesIsNoAuthority() throws IOException {
    Files.writeString(directory.resolve("empty.pem"), "nothing here\n");
    assertThatThrownBy(() -> parse("ca = \"empty.pem\""))
        .hasMessageContaining("ca: " + directory.resolve("empty.pem"))
        .hasMessageContaining("no certificate in it");
  }

  @Test
  void tooManyHostsAreRefused() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 64; i++) {
      text.append("[host.\"https://m").append(i).append("\"]\n");
    }
    assertThatThrownBy(() -> parse(text.toString())).hasMessageContaining("more than 63 hosts");
  }

  @ParameterizedTest
  @CsvSource({
    "300ms, PT0.3S",
    "1m30s, PT1M30S",
    "2h, PT2H",
    "5µs, PT0.000005S",
  })
  void goWritesTimesLikeThis(String text, Duration time) {
    assertThat(GoDuration.parse(text)).contains(time);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "s", "1s ", "-1s", "1s2", "1.s", "99999999999s"})
  void noTimes(String text) {
    assertThat(GoDuration.parse(text)).isEmpty();
  }

  @Test
  void directoriesHaveTheNamesThatContainerdLooksFor() {
    assertThat(HostsDirectory.names("registry.example:5000"))
        .containsExactly("registry.example_5000_", "registry.example:5000", "_default");
    assertThat(HostsDirectory.names("docker.io")).containsExactly("docker.io", "_default");
    assertThat(HostsDirectory.names("[::1]")).containsExactly("[::1]", "_default");
    assertThat(HostsDirectory.names("[::1]:80"))
        .containsExactly("[::1]_80_", "[::1]:80", "_default");
  }

  private void write(String name, String text) throws IOException {
    Path place = Files.createDirectories(directory.resolve(name));
    Files.writeString(place.resolve("hosts.toml"), text);
  }

  private static String first(HostsDirectory hosts, String registry) throws RegistryException {
    return String.valueOf(hosts.hosts(registry).getFirst().root());
  }

  @Test
  void theFirstDirectoryCounts() throws Exception {
    HostsDirectory hosts = new HostsDirectory(directory, Duration.ZERO);
    assertThat(hosts.hosts("a.example:1")).containsExactly(RegistryHost.ITSELF);
    write("_default", "server = \"https://default.example\"");
    assertThat(first(hosts, "a.example:1")).isEqualTo("https://default.example/v2/");
    write("a.example:1", "server = \"https://colon.example\"");
    assertThat(first(hosts, "a.example:1")).isEqualTo("https://colon.example/v2/");
    write("a.example_1_", "server = \"https://underscore.example\"");
    assertThat(first(hosts, "a.example:1")).isEqualTo("https://underscore.example/v2/");
    assertThat(first(hosts, "b.example")).isEqualTo("https://default.example/v2/");
    // One that is there but empty keeps the default away, as with containerd.
    Files.createDirectory(directory.resolve("b.example"));
    assertThat(hosts.hosts("b.example")).containsExactly(RegistryHost.ITSELF);
  }

  @Test
  void whatIsBrokenLaterLeavesWhatWasThere() throws Exception {
    HostsDirectory hosts = new HostsDirectory(directory, Duration.ZERO);
    write("a.example", "[host.\"https://m.example\"]");
    List<RegistryHost> before = hosts.hosts("a.example");
    assertThat(hosts.hosts("a.example")).as("unchanged").isSameAs(before);
    write("a.example", "[host.");
    assertThat(hosts.hosts("a.example")).isSameAs(before);
    assertThatThrownBy(() -> new HostsDirectory(directory).hosts("a.example"))
        .hasMessageContaining(directory.resolve("a.example/hosts.toml").toString());
    write("a.example", "[host.\"https://n.example\"]");
    assertThat(first(hosts, "a.example")).isEqualTo("https://n.example/v2/");
  }
}
