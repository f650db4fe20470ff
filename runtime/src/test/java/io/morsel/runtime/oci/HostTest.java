package io.morsel.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class HostTest {
  @Test
  void capabilitiesAreReadByTheirBits() {
    assertThat(Host.capabilities("Name:\tx\nCapEff:\t0000010000000021\n"))
        .containsExactly("CAP_CHOWN", "CAP_KILL", "CAP_CHECKPOINT_RESTORE");
    assertThat(Host.capabilities("Name:\tx\n")).isEmpty();
  }

  @Test
  void devicesAreThoseOfTheMachine() throws IOException {
    Host host = Host.read("amd64", true);
    assertThat(host.devices())
        .extracting(Host.Device::path)
        .contains("/dev/null", "/dev/zero")
        .noneMatch(path -> path.startsWith("/dev/pts/"));
    Host.Device nothing =
        host.devices().stream()
            .filter(device -> device.path().equals("/dev/null"))
            .findFirst()
            .orElseThrow();
    assertThat(nothing.type()).isEqualTo("c");
    assertThat(nothing.major()).isEqualTo(1);
    assertThat(nothing.minor()).isEqualTo(3);
    assertThat(Host.read("amd64", false).devices()).isEmpty();
  }
}
