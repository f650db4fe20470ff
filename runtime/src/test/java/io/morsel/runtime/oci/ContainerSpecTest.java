package io.morsel.runtime.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.runtime.oci.ContainerOptions.Isolation;
import io.morsel.runtime.oci.ContainerOptions.Limits;
import io.morsel.runtime.oci.ContainerOptions.Network;
import io.morsel.runtime.oci.ContainerOptions.ProcessOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What a specification says; that containerd says the same is tested against containerd. */
final class ContainerSpecTest {
  private static final Host HOST =
      new Host(
          "amd64",
          "machine",
          List.of("CAP_CHOWN", "CAP_SYS_ADMIN"),
          List.of(new Host.Device("/dev/kvm", "c", 10, 232, 0660, 0, 7)));

  private static final ImageSettings IMAGE =
      new ImageSettings(
          "",
          List.of("PATH=/bin", "A=1"),
          List.of("/entry"),
          List.of("cmd"),
          "/work",
          "SIGUSR1",
          Map.of());

  private static ContainerOptions with(ProcessOptions process, Isolation isolation) {
    return new ContainerOptions(
        process, isolation, new Network.None(), List.of(), Limits.NONE, Map.of());
  }

  private static ContainerOptions process(Optional<List<String>> entrypoint, String... arguments) {
    return with(
        new ProcessOptions(
            entrypoint, List.of(arguments), List.of(), Optional.empty(), Optional.empty(), false),
        Isolation.DEFAULT);
  }

  private static ContainerOptions isolated(Isolation isolation) {
    return with(ProcessOptions.DEFAULT, isolation);
  }

  private static JsonNode spec(ImageSettings image, ContainerOptions options) throws SpecException {
    return new ContainerSpec("ns", "id", image, options, new Identity(1, 2, List.of(2L, 3L)), HOST)
        .toJson();
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asString("")));
    return texts;
  }

  @Test
  void theImageSaysWhatRuns() throws SpecException {
    JsonNode process = spec(IMAGE, ContainerOptions.DEFAULT).path("process");
    assertThat(texts(process.path("args"))).containsExactly("/entry", "cmd");
    assertThat(texts(process.path("env"))).containsExactly("PATH=/bin", "A=1");
    assertThat(process.path("cwd").asString()).isEqualTo("/work");
    assertThat(process.path("user").toString())
        .isEqualTo("{\"uid\":1,\"gid\":2,\"additionalGids\":[2,3]}");
    assertThat(process.has("terminal")).isFalse();
  }

  @Test
  void argumentsReplaceTheImagesAndAnEntrypointBoth() throws SpecException {
    assertThat(texts(spec(IMAGE, process(Optional.empty(), "x", "y")).at("/process/args")))
        .containsExactly("/entry", "x", "y");
    assertThat(texts(spec(IMAGE, process(Optional.of(List.of("/mine")))).at("/process/args")))
        .containsExactly("/mine");
    assertThat(texts(spec(IMAGE, process(Optional.of(List.of("/mine")), "x")).at("/process/args")))
        .containsExactly("/mine", "x");
    assertThat(texts(spec(IMAGE, process(Optional.of(List.of()), "x")).at("/process/args")))
        .containsExactly("x");
  }

  @Test
  void nothingToRunIsAnError() {
    ImageSettings empty = new ImageSettings("", List.of(), List.of(), List.of(), "", "", Map.of());
    assertThatThrownBy(() -> spec(empty, ContainerOptions.DEFAULT))
        .isInstanceOf(SpecException.class)
        .hasMessageContaining("names no command to run");
  }

  @Test
  void laterVariablesReplaceEarlierOnesInTheirPlace() throws SpecException {
    ContainerOptions options =
        with(
            new ProcessOptions(
                Optional.empty(),
                List.of(),
                List.of("PATH=/mine", "B=2", "TERM=vt100", "A"),
                Optional.of("/tmp"),
                Optional.empty(),
                true),
            Isolation.DEFAULT);
    JsonNode process = spec(IMAGE, options).path("process");
    assertThat(texts(process.path("env"))).containsExactly("PATH=/mine", "TERM=vt100", "B=2");
    assertThat(process.path("cwd").asString()).isEqualTo("/tmp");
    assertThat(process.path("terminal").asBoolean()).isTrue();
  }

  @Test
  void anImageWithoutVariablesGetsAPath() throws SpecException {
    ImageSettings bare =
        new ImageSettings("", List.of(), List.of(), List.of("x"), "", "", Map.of());
    JsonNode process = spec(bare, ContainerOptions.DEFAULT).path("process");
    assertThat(texts(process.path("env")))
        .containsExactly("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assertThat(process.path("cwd").asString()).isEqualTo("/");
  }

  @Test
  void capabilitiesAreAddedAndDroppedByAnySpelling() throws SpecException {
    JsonNode bounding =
        spec(
                IMAGE,
                isolated(
                    new Isolation(
                        false,
                        List.of("net_admin"),
                        List.of("CAP_MKNOD", "Chown"),
                        Optional.empty(),
                        false,
                        Optional.empty())))
            .at("/process/capabilities/bounding");
    assertThat(texts(bounding))
        .contains("CAP_NET_ADMIN", "CAP_KILL")
        .doesNotContain("CAP_MKNOD", "CAP_CHOWN");
    JsonNode only =
        spec(
                IMAGE,
                isolated(
                    new Isolation(
                        false,
                        List.of("KILL"),
                        List.of("ALL"),
                        Optional.empty(),
                        false,
                        Optional.empty())))
            .at("/process/capabilities/effective");
    assertThat(texts(only)).containsExactly("CAP_KILL");
    assertThatThrownBy(
            () ->
                spec(
                    IMAGE,
                    isolated(
                        new Isolation(
                            false,
                            List.of("FLY"),
                            List.of(),
                            Optional.empty(),
                            false,
                            Optional.empty()))))
        .hasMessageContaining("there is no capability 'FLY'");
  }

  @Test
  void thePrivilegedAreShownEverything() throws SpecException {
    JsonNode spec =
        spec(
            IMAGE,
            isolated(
                new Isolation(
                    true, List.of(), List.of(), Optional.empty(), true, Optional.of("box"))));
    JsonNode linux = spec.path("linux");
    assertThat(texts(spec.at("/process/capabilities/permitted")))
        .containsExactly("CAP_CHOWN", "CAP_SYS_ADMIN");
    assertThat(linux.has("maskedPaths") || linux.has("readonlyPaths") || linux.has("seccomp"))
        .isFalse();
    assertThat(linux.at("/devices/0/path").asString()).isEqualTo("/dev/kvm");
    assertThat(linux.at("/devices/0/fileMode").asInt()).isEqualTo(0660);
    assertThat(linux.at("/resources/devices").toString())
        .isEqualTo("[{\"allow\":true,\"access\":\"rwm\"}]");
    assertThat(spec.at("/root/readonly").asBoolean()).isTrue();
    assertThat(spec.path("hostname").asString()).isEqualTo("box");
  }

  @Test
  void theDefaultProfileFollowsTheCapabilities() throws SpecException {
    JsonNode byDefault = spec(IMAGE, ContainerOptions.DEFAULT).at("/linux/seccomp");
    assertThat(byDefault.path("defaultAction").asString()).isEqualTo("SCMP_ACT_ERRNO");
    assertThat(allowed(byDefault)).contains("read", "chroot", "ptrace").doesNotContain("mount");
    JsonNode admin =
        spec(
                IMAGE,
                isolated(
                    new Isolation(
                        false,
                        List.of("SYS_ADMIN"),
                        List.of("SYS_CHROOT"),
                        Optional.empty(),
                        false,
                        Optional.empty())))
            .at("/linux/seccomp");
    assertThat(allowed(admin)).contains("mount", "clone3").doesNotContain("chroot");
  }

  private static List<String> allowed(JsonNode profile) {
    List<String> names = new ArrayList<>();
    for (JsonNode rule : profile.path("syscalls")) {
      if (rule.path("action").asString("").equals("SCMP_ACT_ALLOW")) {
        names.addAll(texts(rule.path("names")));
      }
    }
    return names;
  }

  @Test
  void aProfileOrNoneCanBeGiven() throws SpecException {
    ObjectNode own = JsonMapper.shared().createObjectNode().put("defaultAction", "SCMP_ACT_LOG");
    assertThat(spec(IMAGE, isolated(seccomp(new Seccomp.Profile(own)))).at("/linux/seccomp"))
        .isEqualTo(own);
    assertThat(
            spec(IMAGE, isolated(seccomp(new Seccomp.Unconfined()))).path("linux").has("seccomp"))
        .isFalse();
  }

  private static Isolation seccomp(Seccomp seccomp) {
    return new Isolation(
        false, List.of(), List.of(), Optional.of(seccomp), false, Optional.empty());
  }

  @Test
  void networksDifferInNamespaceAndFiles() throws SpecException {
    JsonNode none = spec(IMAGE, ContainerOptions.DEFAULT);
    assertThat(none.at("/linux/namespaces").toString()).contains("{\"type\":\"network\"}");
    JsonNode host = spec(IMAGE, network(new Network.Host()));
    assertThat(host.at("/linux/namespaces").toString()).doesNotContain("network");
    assertThat(texts(host.at("/process/env"))).contains("HOSTNAME=machine");
    assertThat(host.path("mounts").toString()).contains("/etc/hosts", "/etc/resolv.conf");
    JsonNode joined = spec(IMAGE, network(new Network.Joined("/run/netns/x", "/r.conf")));
    assertThat(joined.at("/linux/namespaces").toString())
        .contains("{\"type\":\"network\",\"path\":\"/run/netns/x\"}");
    assertThat(joined.path("mounts").toString()).contains("\"source\":\"/r.conf\"");
  }

  private static ContainerOptions network(Network network) {
    return new ContainerOptions(
        ProcessOptions.DEFAULT, Isolation.DEFAULT, network, List.of(), Limits.NONE, Map.of());
  }

  @Test
  void limitsMountsAndAnnotations() throws SpecException {
    JsonNode spec =
        spec(
            IMAGE,
            new ContainerOptions(
                ProcessOptions.DEFAULT,
                Isolation.DEFAULT,
                new Network.None(),
                List.of(SpecMount.bind("/a", "/b", true)),
                new Limits(1 << 20, 0.5),
                Map.of("k", "v")));
    assertThat(spec.at("/linux/resources/memory/limit").asLong()).isEqualTo(1 << 20);
    assertThat(spec.at("/linux/resources/cpu").toString())
        .isEqualTo("{\"shares\":1024,\"quota\":50000,\"period\":100000}");
    assertThat(spec.at("/mounts/7").toString())
        .isEqualTo(
            "{\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"/a\","
                + "\"options\":[\"rbind\",\"ro\"]}");
    assertThat(spec.at("/annotations/k").asString()).isEqualTo("v");
    assertThat(spec.at("/linux/cgroupsPath").asString()).isEqualTo("/ns/id");
  }

  @Test
  void brokenConfigurationsAreRefused() {
    assertThatThrownBy(() -> ImageSettings.parse("{".getBytes(UTF_8)))
        .isInstanceOf(SpecException.class);
    assertThatThrownBy(() -> ImageSettings.parse("{\"config\":{\"Env\":[1]}}".getBytes(UTF_8)))
        .hasMessageContaining("config.Env");
  }
}
