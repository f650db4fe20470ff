package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KernelLinkTest {
  /** In kernels that lack netem too: the namespace, the interfaces and the proxies are the same. */
  private static final List<String> TBF =
      List.of("tbf", "rate", "1gbit", "burst", "64kb", "latency", "50ms");

  @BeforeEach
  void canMakeNamespaces() {
    String probe = "morsel-probe-" + ProcessHandle.current().pid();
    assumeTrue(runs("tc", "-V"), "no tc");
    assumeTrue(runs("ip", "netns", "add", probe), "no ip, or not root");
    assertThat(runs("ip", "netns", "delete", probe)).isTrue();
  }

  private static boolean runs(String... words) {
    try {
      return Command.of(List.of(words)).run().exitCode() == 0;
    } catch (HostException e) {
      return false;
    }
  }

  @Test
  void passesThroughTheNamespaceAndLeavesNothing() throws Exception {
    try (CalibrationServer server = CalibrationServer.start()) {
      Net net = Net.parse("1gbit,1ms");
      try (KernelLink link =
          KernelLink.open(
              TBF, KernelLink.fullWindow(net), KernelLink.packetSegments(net), target(server))) {
        assertThat(ownRemains()).isNotEmpty();
        LinkMeter meter = new LinkMeter(link.port(), Net.parse("100mbit,10ms"));
        assertThat(meter.bulk(2)).isPositive();
        assertThat(meter.firstByteMicros()).isPositive();
        assertThat(link.traffic()).isEqualTo(meter.traffic());
      }
      assertThat(ownRemains()).isEmpty();
    }
  }

  @Test
  void aFailureHalfWayLeavesNothing() throws Exception {
    try (CalibrationServer server = CalibrationServer.start()) {
      assertThatThrownBy(
              () -> KernelLink.open(List.of("nosuchthing"), List.of(), 1, target(server)).close())
          .isInstanceOf(HostException.class)
          .hasMessageContaining("nosuchthing");
      assertThat(ownRemains()).isEmpty();
    }
  }

  @Test
  void probingLeavesNothing() {
    var _ = KernelLink.isSupported();
    assertThat(ownRemains()).isEmpty();
  }

  @Test
  void tellsNetemWhatTheNetworkIs() {
    assertThat(String.join(" ", KernelLink.netem(Net.parse("100m,30ms,0.1%"))))
        .isEqualTo("netem limit 1000 delay 15000us loss 0.100000% rate 100000000bit");
    assertThat(String.join(" ", KernelLink.netem(Net.parse("10gbit,20ms"))))
        .isEqualTo("netem limit 33334 delay 10000us rate 10000000000bit");
    assertThat(KernelLink.fullWindow(Net.parse("1g")))
        .containsExactly("initcwnd", "833", "initrwnd", "833");
    assertThat(KernelLink.packetSegments(Net.parse("100m"))).isOne();
    assertThat(KernelLink.packetSegments(Net.parse("1g"))).isEqualTo(8);
    assertThat(KernelLink.packetSegments(Net.parse("1g,1%"))).isOne();
    assertThat(KernelLink.packetSegments(Net.parse("100gbit,1ms"))).isEqualTo(44);
  }

  private static InetSocketAddress target(CalibrationServer server) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
  }

  /** Namespaces and interfaces that carry this process's id. */
  private static List<String> ownRemains() {
    String mark = "mb%d-".formatted(ProcessHandle.current().pid());
    String all =
        Command.of("ip", "netns", "list").succeed()
            + Command.of("ip", "-o", "link", "show").succeed();
    return all.lines().filter(line -> line.contains(mark)).toList();
  }
}
