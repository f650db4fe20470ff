package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class TableTest {
  private static String printed(Table table) {
    StringWriter out = new StringWriter();
    table.print(new PrintWriter(out));
    return out.toString();
  }

  @Test
  void columnsAreAlignedAndNothingTrails() {
    Table table = Table.of("ID", "IMAGE", "X").row("a", "busybox:1", "").row("longer", "b", "y");
    assertThat(printed(table))
        .isEqualTo(
            """
            ID      IMAGE      X
            a       busybox:1  -
            longer  b          y
            """);
  }

  @Test
  void cellsCannotMoveTheCursor() {
    assertThat(printed(Table.of("A").row("x\u001b[2J\n"))).isEqualTo("A\nx\\x1b[2J\\x0a\n");
  }
}
