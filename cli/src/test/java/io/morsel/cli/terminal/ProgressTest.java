package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class ProgressTest {
  private final StringWriter shown = new StringWriter();
  private final PrintWriter err = new PrintWriter(shown);

  @Test
  void withoutTerminalOnlyWhatIsDoneIsPrinted() {
    try (Progress progress = Progress.start(err, false, false)) {
      progress.running("a", () -> "a is under way");
      progress.running("b", () -> "b is under way");
      progress.ended("a", "a is done");
      progress.ended("b");
    }
    assertThat(shown.toString().lines()).containsExactly("a is done");
  }

  @Test
  void onTerminalWorkUnderWayFollowsWhatIsDone() {
    try (Progress progress = Progress.start(err, false, true)) {
      progress.running("a", () -> "a is under way");
      progress.running("b", () -> "b is under way");
      progress.ended("a", "a is done");
      assertThat(shown.toString()).contains("a is done");
      assertThat(shown.toString().substring(shown.toString().indexOf("a is done")))
          .contains("b is under way")
          .doesNotContain("a is under way");
    }
    // What was under way is erased at the end.
    assertThat(shown.toString()).endsWith("\u001b[J");
  }

  @Test
  void quietPrintsNothing() {
    try (Progress progress = Progress.start(err, true, true)) {
      progress.running("a", () -> "a is under way");
      progress.ended("a", "a is done");
    }
    assertThat(shown.toString()).isEmpty();
  }
}
