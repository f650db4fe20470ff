package io.morsel.runtime.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What plugins are told, in which order, and what becomes of their failures: by plugins that write
 * down their calls. Debian's plugins are used in the integration tests.
 */
final class CniTest {
  private static final List<PortMapping> PORTS = List.of(new PortMapping("", 8080, 80, "tcp"));

  @TempDir Path directory;
  private Path calls;
  private Cni cni;

  @BeforeEach
  void setUp() throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "namespaces are for root only");
    calls = Files.createDirectory(directory.resolve("calls"));
    for (String name : List.of("bin", "conf")) {
      Files.createDirectory(directory.resolve(name));
    }
    cni = cni(Duration.ofSeconds(60));
    plugin("loopback", "echo '{\"cniVersion\":\"0.3.1\"}'");
  }

  @AfterEach
  void tearDown() throws Exception {
    if (Files.isDirectory(directory.resolve("netns"))) {
      try (Stream<Path> left = Files.list(directory.resolve("netns"))) {
        for (Path each : left.toList()) {
          NetworkNamespace.delete(each);
        }
      }
    }
  }

  private Cni cni(Duration limit) {
    return new Cni(
        new CniSettings(
            directory.resolve("conf"),
            List.of(directory.resolve("bin")),
            directory.resolve("attachments"),
            directory.resolve("netns"),
            limit));
  }

  /** A plugin that writes down what it is told, and then runs {@code answer}. */
  private void plugin(String type, String answer) throws IOException {
    Path script = directory.resolve("bin").resolve(type);
    Files.writeString(
        script,
        """
        #!/bin/sh
        n=$(ls %1$s | wc -l)
        f=%1$s/$(printf %%03d $n)-%2$s-$CNI_COMMAND
        echo "$CNI_CONTAINERID $CNI_IFNAME ${CNI_NETNS##*/}" > $f
        cat >> $f
        %3$s
        """
            .formatted(calls, type, answer));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void network(String plugins) throws IOException {
    Files.writeString(
        directory.resolve("conf/10-test.conflist"),
        "{\"cniVersion\":\"1.0.0\",\"name\":\"test\",\"plugins\":[" + plugins + "]}");
    // Later in order: not used.
    Files.writeString(directory.resolve("conf/20-other.conflist"), "no JSON");
  }

  private List<String> calls() throws IOException {
    try (Stream<Path> files = Files.list(calls)) {
      return files.map(file -> file.getFileName().toString().substring(4)).sorted().toList();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(calls)) {
      return files.sorted().toList();
    }
  }

  private List<String> order() throws IOException {
    List<String> order = new ArrayList<>();
    for (Path file : files()) {
      order.add(file.getFileName().toString().substring(4));
    }
    return order;
  }

  private JsonNode told(String call) throws IOException {
    for (Path file : files()) {
      if (file.getFileName().toString().endsWith(call)) {
        return JsonMapper.shared()
            .readTree(Files.readString(file).lines().skip(1).reduce("", String::concat));
      }
    }
    throw new AssertionError(call + " is not among " + calls());
  }

  @Test
  void pluginsAreChainedAndUndoneInReverse() throws Exception {
    plugin("first", "echo '{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.1.2.3/24\"}]}'");
    plugin(
        "second",
        "echo '{\"ips\":[{\"address\":\"10.1.2.3/24\"}],\"dns\":{\"nameservers\":[\"9.9.9.9\"]}}'");
    network("{\"type\":\"first\"},{\"type\":\"second\",\"capabilities\":{\"portMappings\":true}}");
    Attachment attachment = cni.attach("ns", "id", PORTS);
    assertThat(attachment.addresses()).containsExactly("10.1.2.3");
    assertThat(order()).containsExactly("loopback-ADD", "first-ADD", "second-ADD");
    assertThat(Files.readAllLines(files().get(1)).getFirst()).isEqualTo("ns-id eth0 morsel-ns-id");
    assertThat(told("first-ADD").has("prevResult")).isFalse();
    assertThat(told("first-ADD").has("runtimeConfig")).isFalse();
    JsonNode second = told("second-ADD");
    assertThat(second.path("name").asString()).isEqualTo("test");
    assertThat(second.at("/prevResult/ips/0/address").asString()).isEqualTo("10.1.2.3/24");
    assertThat(second.at("/runtimeConfig/portMappings/0").toString())
        .isEqualTo("{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"tcp\"}");
    assertThat(cni.resolvConfFile("ns", "id")).hasContent("nameserver 9.9.9.9");
    assertThat(cni.namespaceFile("ns", "id")).exists();

    // What the configuration says by now does not matter.
    network("{\"type\":\"other\"}");
    cni(Duration.ofSeconds(60)).detach("ns", "id");
    assertThat(order().subList(3, 5)).containsExactly("second-DEL", "first-DEL");
    assertThat(told("second-DEL").at("/prevResult/dns/nameservers/0").asString())
        .isEqualTo("9.9.9.9");
    assertNothingIsLeft();
    cni.detach("ns", "id");
    assertThat(order()).hasSize(5);
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(directory.resolve("netns")).isEmptyDirectory();
    assertThat(directory.resolve("attachments/ns")).isEmptyDirectory();
  }

  @Test
  void aFailureUndoesWhatWasDone() throws Exception {
    plugin("first", "echo '{\"cniVersion\":\"1.0.0\"}'");
    plugin("second", "echo '{\"code\":11,\"msg\":\"no more\",\"details\":\"room\"}'; exit 1");
    network("{\"type\":\"first\"},{\"type\":\"second\"}");
    assertThatThrownBy(() -> cni.attach("ns", "id", List.of()))
        .isInstanceOf(CniException.class)
        .hasMessage("network plugin 'second' (ADD) failed: no more: room");
    assertThat(order()).endsWith("second-DEL", "first-DEL");
    // The plugin failed to undo it, too: so it is known what is left to be done.
    assertThat(cni.find("ns", "id")).isPresent();
    assertThat(directory.resolve("netns")).isEmptyDirectory();
    plugin("second", "exit 0");
    cni.detach("ns", "id");
    assertNothingIsLeft();
  }

  @Test
  void aPluginThatHangsIsEnded() throws Exception {
    plugin("first", "case $CNI_COMMAND in ADD) exec sleep 600;; esac");
    network("{\"type\":\"first\"}");
    assertThatThrownBy(() -> cni(Duration.ofSeconds(1)).attach("ns", "id", List.of()))
        .hasMessage("network plugin 'first' (ADD) did not end within 1 s");
    assertNothingIsLeft();
  }

  @Test
  void whatIsMissingIsNamed() throws Exception {
    network("{\"type\":\"absent\"}");
    assertThatThrownBy(() -> cni.attach("ns", "id", List.of()))
        .hasMessageContaining("no network plugin 'absent'")
        .hasMessageContaining("containernetworking-plugins");
    assertThatThrownBy(() -> cni.attach("ns", "id", PORTS))
        .hasMessageContaining("network 'test' publishes no ports");
    network("{\"type\":\"../../bin/true\"}");
    assertThatThrownBy(() -> cni.attach("ns", "id", List.of()))
        .hasMessageContaining("type is missing or malformed");
    assertThatThrownBy(() -> cni.detach("ns", "../id")).isInstanceOf(CniException.class);
  }

  @Test
  void withoutConfigurationThereIsTheBuiltInBridge() throws Exception {
    for (String type : List.of("bridge", "portmap", "firewall")) {
      plugin(type, "echo '{\"cniVersion\":\"1.0.0\"}'");
    }
    assertThat(cni.attach("ns", "id", PORTS).networkName()).isEqualTo("morsel");
    assertThat(order())
        .containsExactly("loopback-ADD", "bridge-ADD", "portmap-ADD", "firewall-ADD");
    assertThat(told("bridge-ADD").at("/ipam/type").asString()).isEqualTo("host-local");
    cni.detach("ns", "id");
    assertNothingIsLeft();
  }
}
