package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class PrintableTest {
  @Test
  void textStays() {
    assertThat(Printable.text("größe 大 a/b c")).isEqualTo("größe 大 a/b c");
  }

  @Test
  void whatMovesTheCursorIsShown() {
    assertThat(Printable.text("a\u001b[2Jb\r\n\t\u009b\u202e"))
        .isEqualTo("a\\x1b[2Jb\\x0d\\x0a\\x09\\x9b\\u202e");
    assertThat(Printable.name("x\u0007".getBytes(StandardCharsets.UTF_8))).isEqualTo("x\\x07");
  }
}
