package io.morsel.cli.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LogsTest {
  @TempDir Path directory;

  private String tail(String text, long lines) throws Exception {
    Path file = Files.writeString(directory.resolve("log"), text);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return text.substring((int) Logs.lastLines(channel, lines));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a;b;c;|2|b;c;",
        "a;b;c|2|b;c",
        "a;b;c;|3|a;b;c;",
        "a;b;c;|9|a;b;c;",
        "a;b;c;|0|''",
        "a;b;c|0|''",
        ";;|1|;",
        "''|5|''",
        "x|1|x"
      })
  void linesAreCountedFromTheEnd(String text, long lines, String expected) throws Exception {
    assertThat(tail(text.replace(';', '\n'), lines)).isEqualTo(expected.replace(';', '\n'));
  }

  @ParameterizedTest
  @CsvSource({"1", "7", "9000", "30000"})
  void blocksHaveNoSeams(int lines) throws Exception {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 30_000; i++) {
      text.append("line ").append(i).append('\n');
    }
    assertThat(tail(text.toString(), lines))
        .startsWith("line " + (30_000 - lines) + "\n")
        .endsWith("line 29999\n");
  }
}
