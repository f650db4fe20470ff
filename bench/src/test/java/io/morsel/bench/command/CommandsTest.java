package io.morsel.bench.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import io.morsel.bench.result.Recorder;
import io.morsel.bench.result.ResultFile;
import io.morsel.cli.terminal.CommandException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class CommandsTest {
  private static final String FAST = "fast.json";
  private static final String SLOW = "slow.json";

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void compareShowsARegressionAndFailsOnlyWhereItIsAskedTo() throws IOException {
    result(FAST, 100);
    result(SLOW, 130);

    assertThat(run(new CompareCommand(), path(FAST), path(SLOW))).isEqualTo(0);
    assertThat(out.toString()).contains("+30.0 %  worse");
    assertThat(run(new CompareCommand(), path(FAST), path(SLOW), "--fail-over", "29")).isEqualTo(3);
    assertThat(out.toString())
        .contains("Regressions over 29.0 %:\n  cold local hello morsel total_millis\n");
    assertThat(run(new CompareCommand(), path(FAST), path(SLOW), "--fail-over=31")).isEqualTo(0);
    assertThat(run(new CompareCommand(), path(SLOW), path(FAST), "--fail-over=0")).isEqualTo(0);
  }

  @Test
  void compareRefusesWhatIsNoPercentage() throws IOException {
    result(FAST, 100);

    assertThat(run(new CompareCommand(), path(FAST), path(FAST), "--fail-over=-1")).isEqualTo(2);
    assertThat(run(new CompareCommand(), path(FAST), path(FAST), "--fail-over=NaN")).isEqualTo(2);
    assertThat(run(new CompareCommand(), path(FAST))).isEqualTo(2);
  }

  @Test
  void compareNamesTheFileThatIsMissing() throws IOException {
    result(FAST, 100);

    assertThat(run(new CompareCommand(), path(FAST), path("none.json"))).isEqualTo(1);
    assertThat(err.toString()).isEqualTo(path("none.json") + ": there is no such file\n");
  }

  @Test
  void aDirectoryIsNoResult() {
    assertThat(run(new CompareCommand(), directory.toString(), path("x"))).isEqualTo(1);
    assertThat(err.toString()).startsWith(directory + ": ");
  }

  @Test
  void reportWritesWhatIsAskedFor() throws IOException {
    result(FAST, 100);

    assertThat(run(new ReportCommand(), path(FAST), "--html", path("r.html"), "--markdown", "-"))
        .isEqualTo(0);
    assertThat(directory.resolve("r.html")).content().startsWith("<!DOCTYPE html>");
    assertThat(out.toString()).contains("| local | hello | 0.10 s |");
    assertThat(run(new ReportCommand(), path(FAST), "--markdown", path("r.md"))).isEqualTo(0);
    assertThat(directory.resolve("r.md")).content().contains("| local | hello | 0.10 s |");
  }

  @Test
  void reportSaysWhatItCannotDo() throws IOException {
    result(FAST, 100);

    assertThat(run(new ReportCommand(), path(FAST))).isEqualTo(2);
    assertThat(run(new ReportCommand(), path(FAST), "--html", path("none/r.html"))).isEqualTo(1);
    assertThat(err.toString()).contains("can't write " + path("none/r.html") + ": ");
  }

  @Test
  void readmeUpdatesTheFileOnce() throws IOException {
    result(FAST, 100);
    Path readme = directory.resolve("README.md");
    Files.writeString(readme, "a\n<!-- bench:begin -->\n<!-- bench:end -->\n");

    assertThat(run(new ReadmeCommand(), path(FAST), "--file", readme.toString())).isEqualTo(0);
    assertThat(readme).content().contains("| local | hello | 0.10 s |");
    assertThat(run(new ReadmeCommand(), path(FAST), "--file", readme.toString())).isEqualTo(0);
    assertThat(out.toString())
        .isEqualTo(readme + ": updated\n" + readme + ": up to date already\n");
  }

  @Test
  void readmeNeedsItsMarkers() throws IOException {
    result(FAST, 100);
    Path readme = Files.writeString(directory.resolve("README.md"), "a\n");

    assertThat(run(new ReadmeCommand(), path(FAST), "--file", readme.toString())).isEqualTo(1);
    assertThat(err.toString()).startsWith(readme + ": there is no line '<!-- bench:begin -->'");
    assertThat(run(new ReadmeCommand(), path(FAST), "--file", path("none.md"))).isEqualTo(1);
    assertThat(err.toString()).contains(path("none.md") + ": there is no such file");
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  private void result(String name, double millis) throws IOException {
    Recorder recorder = new Recorder();
    for (int round = 1; round <= 5; round++) {
      recorder.add(
          new CellKey("cold", "local", "hello", "morsel", "total_millis", "ms"), round, millis);
    }
    ResultFile.write(
        directory.resolve(name),
        new BenchResult(
            BenchResult.SCHEMA,
            "0123abc",
            "2026-11-24T21:14:05Z",
            1234,
            "./bench/run",
            Map.of(),
            new Machine("cpu", 2, 25_000_000_000L, "6.18", "Debian", Map.of()),
            recorder.cells(),
            List.of()));
  }

  private int run(Object command, String... arguments) {
    return new CommandLine(command)
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setExecutionExceptionHandler(
            (failure, line, _) -> {
              if (failure instanceof CommandException expected) {
                line.getErr().println(expected.getMessage());
                return expected.exitCode();
              }
              throw failure;
            })
        .execute(arguments);
  }
}
