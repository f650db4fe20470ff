package io.morsel.bench.command;

import io.morsel.bench.report.HtmlReport;
import io.morsel.bench.report.MarkdownReport;
import io.morsel.bench.result.BenchResult;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
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

/** {@code bench/run report}. */
@Command(
    name = "report",
    description = {"Makes a report of a result: a page with charts, or tables in Markdown.", ""},
    footer = {
      "",
      "Examples:",
      "  ./bench/run report result.json --html report.html",
      "  ./bench/run report result.json --markdown -"
    })
public final class ReportCommand implements Callable<Integer> {
  private static final String STDOUT = "-";

  @Parameters(index = "0", paramLabel = "RESULT.json", description = "The result.")
  Path result = Path.of("");

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write one HTML file that needs nothing else to be looked at.")
  @Nullable Path html;

  @Option(names = "--markdown", paramLabel = "FILE", description = "Write Markdown; - prints it.")
  @Nullable String markdown;

  @Spec @Nullable CommandSpec spec;

  /** Made by picocli, which fills in the options. */
  public ReportCommand() {}

  /** Writes what is asked for; returns the exit code. */
  @Override
  public Integer call() throws CommandException {
    if (html == null && markdown == null) {
      throw CommandException.usage("nothing to do: give --html FILE or --markdown FILE");
    }
    PrintWriter out = Objects.requireNonNull(spec, "picocli fills it in").commandLine().getOut();
    BenchResult read = Results.read(result);
    if (html != null) {
      Results.write(html, HtmlReport.render(read));
    }
    if (markdown != null) {
      String text = MarkdownReport.render(read);
      if (markdown.equals(STDOUT)) {
        out.print(text);
      } else {
        Results.write(Path.of(markdown), text);
      }
    }
    return ExitCode.OK;
  }
}
