package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code morsel run --net bridge} with Debian's CNI plugins. What they do to the machine they do to
 * a network namespace that stands for it.
 */
class CniIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final String SERVE =
      "mkdir -p /tmp/www && echo served > /tmp/www/index.html && trap 'exit 4' TERM;"
          + " httpd -p 80 -h /tmp/www && ip -o -4 addr show eth0 && cat /etc/resolv.conf"
          + " && echo ready; while :; do sleep 0.05; done";

  private static String image = "";
  private static Node node;

  private String machine = "";
  private Path config;

  @BeforeAll
  static void start() {
    String plain = FIXTURE.reference("net:plain");
    RunImages.push(FIXTURE.work(), plain, 1_000);
    image = FIXTURE.convert(plain, FIXTURE.reference("net:lazy"));
    node = Node.start(Node.Options.DEFAULT);
    node.pull(image).succeed();
  }

  @AfterAll
  static void stop() {
    if (node != null) {
      node.close();
    }
  }

  @BeforeEach
  void makeMachine() throws IOException {
    machine = "mit-" + UUID.randomUUID().toString().substring(0, 8).toLowerCase(Locale.ROOT);
    config = Files.createDirectory(node.directory().resolve(machine));
    Command.of("ip", "netns", "add", machine).succeed();
    onMachine("ip", "link", "set", "lo", "up").succeed();
  }

  @AfterEach
  void removeMachine() {
    Command.of("ip", "netns", "del", machine).succeed();
  }

  /** A command whose network is the machine's; only its network, so that mounts are seen by all. */
  private Command onMachine(Object... words) {
    return Command.of("nsenter", "--net=/run/netns/" + machine, List.of(words))
        .with("NETCONFPATH", config);
  }

  private Command run(Object... words) {
    return onMachine(
        Node.CHECKOUT.resolve("morsel"),
        "run",
        "--rm",
        "--address",
        node.containerdSocket(),
        List.of(words));
  }

  private void configure(String plugins) throws IOException {
    Files.writeString(
        config.resolve("10-test.conflist"),
        """
        {"cniVersion": "1.0.0", "name": "%1$s", "plugins": [
          {"type": "bridge", "bridge": "mit0", "isGateway": true, "ipMasq": true,
           "dns": {"nameservers": ["192.0.2.53"]},
           "ipam": {"type": "host-local", "dataDir": "%2$s",
                    "ranges": [[{"subnet": "10.99.0.0/24"}]],
                    "routes": [{"dst": "0.0.0.0/0"}]}}%3$s]}
        """
            .formatted(machine, config.resolve("leases"), plugins));
  }

  private void assertNothingIsLeft(String id) throws IOException {
    assertThat(Path.of("/run/netns/morsel-default-" + id)).doesNotExist();
    assertThat(Path.of("/var/lib/morsel/cni/default/" + id + ".json")).doesNotExist();
    assertThat(onMachine("ip", "-o", "link", "show", "type", "veth").succeed()).isEmpty();
    assertThat(onMachine("iptables-save", "-t", "nat").succeed())
        .doesNotContain(id, "--to-destination");
  }

  private List<String> addresses() throws IOException {
    Path leases = config.resolve("leases").resolve(machine);
    try (var files = Files.list(leases)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("10."))
          .toList();
    }
  }

  @Test
  void aPublishedPortLeadsIntoTheContainerUntilItEnds() throws Exception {
    configure(", {\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}");
    Path out = config.resolve("out");
    String id = machine + "-web";
    Process process =
        Command.of(
                "sh",
                "-c",
                "exec nsenter --net=/run/netns/%s %s run --rm --name %s --address %s -p 18080:80 %s sh -c \"%s\" > %s 2>&1"
                    .formatted(
                        machine,
                        Node.CHECKOUT.resolve("morsel"),
                        id,
                        node.containerdSocket(),
                        image,
                        SERVE,
                        out))
            .with("NETCONFPATH", config)
            .start();
    try {
      Await.until(
          "the server is ready",
          Node.SOON,
          () -> Command.of("grep", "-q", "ready", out).run().exitCode() == 0);
      assertThat(Files.readString(out)).contains("inet 10.99.0.2/24", "nameserver 192.0.2.53");
      assertThat(addresses()).containsExactly("10.99.0.2");
      for (String url : List.of("http://10.99.0.2/", "http://127.0.0.1:18080/")) {
        assertThat(onMachine("curl", "--silent", "--show-error", "--max-time", "20", url).succeed())
            .isEqualTo("served\n");
      }
      Command.of("kill", "-s", "TERM", process.pid()).succeed();
      assertThat(process.waitFor()).isEqualTo(4);
    } finally {
      Command.end(process);
    }
    assertThat(addresses()).isEmpty();
    assertNothingIsLeft(id);
  }

  @Test
  void withoutConfigurationThereIsTheBuiltInBridge() throws Exception {
    String id = machine + "-own";
    assertThat(
            run("--name", id, "--net", "bridge", image, "sh", "-c", "ip -o -4 addr; ip route")
                .succeed())
        .contains("127.0.0.1/8", "inet 10.87.", "default via 10.87.0.1 dev eth0");
    assertNothingIsLeft(id);
  }

  @Test
  void aFailureAfterwardsLeavesNothingInTheNetwork() throws Exception {
    configure(", {\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}");
    String id = machine + "-bad";
    Command.Result result = run("--name", id, "-p", "18081:80", image, "nonesuch").run();
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(addresses()).isEmpty();
    assertNothingIsLeft(id);
  }

  @Test
  void whatThePluginsRefuseIsSaid() throws Exception {
    configure("");
    Command.Result noPorts = run("--name", machine, "-p", "18082:80", image).run();
    assertThat(noPorts.exitCode()).isEqualTo(1);
    assertThat(noPorts.errors()).contains("publishes no ports");
    configure(", {\"type\": \"vrf\", \"vrfname\": \"\"}");
    Command.Result refused = run("--name", machine, "--net", "bridge", image).run();
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.errors()).contains("network plugin 'vrf' (ADD) failed");
    assertThat(addresses()).isEmpty();
    assertThat(node.ctr("containers", "ls", "-q").succeed()).isEmpty();
  }
}
