package io.morsel.runtime.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PortMappingTest {
  @Test
  void spellings() {
    assertThat(PortMapping.parse("8080:80")).isEqualTo(new PortMapping("", 8080, 80, "tcp"));
    assertThat(PortMapping.parse("53:53/UDP")).isEqualTo(new PortMapping("", 53, 53, "udp"));
    assertThat(PortMapping.parse("127.0.0.1:1:2"))
        .isEqualTo(new PortMapping("127.0.0.1", 1, 2, "tcp"));
    assertThat(PortMapping.parse("[::1]:1:2/sctp")).isEqualTo(new PortMapping("::1", 1, 2, "sctp"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"8080:80/tcp", "127.0.0.1:1:2/udp", "[::1]:1:2/sctp"})
  void whatIsWrittenIsRead(String text) {
    assertThat(PortMapping.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "80", ":80", "80:", "0:80", "80:65536", "a:80", "1:2/x", "::1:1:2", ":1:2"})
  void malformed(String text) {
    assertThatThrownBy(() -> PortMapping.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("malformed port");
  }
}
