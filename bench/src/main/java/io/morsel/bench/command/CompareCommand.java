package io.morsel.bench.command;

import io.morsel.bench.report.Comparison;
import io.morsel.bench.report.ComparisonText;
import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.CellKey;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench/run compare}. */
@Command(
    name = "compare",
    description = {
      "Shows what changed from one result to another, beyond noise.",
      "",
      "Noise is told from the samples of both: by a rank test where both have five or more, else by"
          + " their ranges.",
      ""
    },
    footer = {
      "",
      "Exit codes: 0, 1 where a result can't be read, 2 for a wrong command line, 3 for a regression"
          + " over --fail-over.",
      "",
      "Examples:",
      "  ./bench/run compare before.json after.json",
      "  ./bench/run compare --fail-over 10 bench/results/base.json after.json"
    })
public final class CompareCommand implements Callable<Integer> {
  /** The exit code where a figure became worse by more than {@code --fail-over}. */
  public static final int REGRESSION = 3;

  @Parameters(index = "0", paramLabel = "A.json", description = "The result to compare with.")
  Path before = Path.of("");

  @Parameters(index = "1", paramLabel = "B.json", description = "The result to judge.")
  Path after = Path.of("");

  @Option(
      names = "--fail-over",
      paramLabel = "PCT",
      description =
          "Exit with 3 where a figure is worse by more than this many percent, beyond noise, or has"
              + " void samples only where it had others.")
  @Nullable Double failOver;

  @Option(names = "--all", description = "Show the changes within noise, too.")
  boolean all;

  @Spec @Nullable CommandSpec spec;

  /** Made by picocli, which fills in the options. */
  public CompareCommand() {}

  /** Prints the comparison; returns the exit code. */
  @Override
  public Integer call() throws CommandException {
    if (failOver != null && !(failOver >= 0)) {
      throw CommandException.usage(
          "--fail-over %s: give a percentage from 0 on".formatted(failOver));
    }
    BenchResult first = Results.read(before);
    BenchResult second = Results.read(after);
    Comparison comparison = Comparison.of(first, second);
    PrintWriter out = Objects.requireNonNull(spec, "picocli fills it in").commandLine().getOut();
    out.printf("A: %s, commit %s, %s%n", before, first.commit(), first.began());
    out.printf("B: %s, commit %s, %s%n%n", after, second.commit(), second.began());
    out.print(ComparisonText.render(comparison, all));
    if (failOver == null) {
      return ExitCode.OK;
    }
    List<CellKey> regressions = comparison.regressionsOver(failOver);
    if (regressions.isEmpty()) {
      return ExitCode.OK;
    }
    out.printf("%nRegressions over %s %%:%n", failOver);
    regressions.forEach(key -> out.println("  " + ComparisonText.describe(key)));
    return REGRESSION;
  }
}
