package io.morsel.bench.command;

import io.morsel.bench.report.MarkdownReport;
import io.morsel.bench.report.ReadmeSection;
import io.morsel.bench.result.BenchResult;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench/run readme}. */
@Command(
    name = "readme",
    description = {
      "Puts a result's tables into a Markdown file.",
      "",
      "They replace what stands between the lines '"
          + ReadmeSection.BEGIN
          + "' and '"
          + ReadmeSection.END
          + "'.",
      ""
    },
    footer = {"", "Examples:", "  ./bench/run readme bench/results/debian-12.json"})
public final class ReadmeCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "RESULT.json", description = "The result.")
  Path result = Path.of("");

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "The Markdown file (${DEFAULT-VALUE}).",
      defaultValue = "README.md")
  Path file = Path.of("README.md");

  @Spec @Nullable CommandSpec spec;

  /** Made by picocli, which fills in the options. */
  public ReadmeCommand() {}

  /** Updates the file; returns the exit code. */
  @Override
  public Integer call() throws CommandException {
    BenchResult read = Results.read(result);
    PrintWriter out = Objects.requireNonNull(spec, "picocli fills it in").commandLine().getOut();
    try {
      boolean changed = ReadmeSection.update(file, MarkdownReport.render(read));
      out.println(file + (changed ? ": updated" : ": up to date already"));
    } catch (IOException e) {
      throw CommandException.failed(Results.why(file, e), e);
    }
    return ExitCode.OK;
  }
}
