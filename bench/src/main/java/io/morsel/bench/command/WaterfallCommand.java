package io.morsel.bench.command;

import io.morsel.bench.image.Size;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.report.WaterfallChart;
import io.morsel.bench.result.ResultFile;
import io.morsel.bench.result.Waterfall;
import io.morsel.bench.run.GroupName;
import io.morsel.bench.run.RunSettings;
import io.morsel.bench.run.WaterfallJob;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code run waterfall}: draws where the time of one cold start goes. */
@Command(
    name = "waterfall",
    description = {
      "Draws where the time of a cold start goes: its phases, and every request to the registry.",
      "",
      "Makes several starts, and draws the one of the median time. Needs root.",
      ""
    },
    footer = {"", "Example:", "  bench/run waterfall --net 100m --workload python-numpy start.svg"})
final class WaterfallCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofMinutes(2);

  @Parameters(index = "0", paramLabel = "FILE.svg", description = "Where the picture is written.")
  @Nullable Path file;

  @Option(
      names = "--net",
      paramLabel = "NET",
      defaultValue = "100m",
      description = "As in bench/run. By default ${DEFAULT-VALUE}.")
  String net = "100m";

  @Option(
      names = "--workload",
      paramLabel = "NAME",
      defaultValue = "python-numpy",
      description = "What is started. By default ${DEFAULT-VALUE}.")
  String workload = "python-numpy";

  @Option(
      names = "--full",
      description = "A full pull with overlayfs instead of Morsel, for comparison.")
  boolean full;

  @Option(
      names = "--unprofiled",
      description = "Morsel as it is where nobody has shared a profile of the image.")
  boolean unprofiled;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How many starts are made. By default ${DEFAULT-VALUE}.")
  int rounds = 5;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter err = Objects.requireNonNull(spec, "picocli fills it in").commandLine().getErr();
    Path target = Objects.requireNonNull(file, "picocli requires it");
    RunCommand.checkWritable(target);
    if (rounds < 1 || rounds > 100) {
      throw CommandException.usage("--rounds " + rounds + ": valid is a number from 1 to 100");
    }
    Workload started = started();
    Mode mode = full ? new Mode.Full() : new Mode.Lazy();
    Path checkout = Path.of(System.getProperty("morsel.checkout", ".")).toAbsolutePath();
    RunSettings settings =
        new RunSettings(
            checkout,
            checkout.resolve("bench/.cache"),
            Path.of("/tmp"),
            List.of(net()),
            EnumSet.of(GroupName.COLD),
            List.of(mode),
            Set.of(started.name()),
            List.of(),
            rounds,
            List.of(),
            List.of(),
            List.of(),
            Size.FULL);
    Preconditions.check(settings, false, err);
    Waterfall waterfall =
        Interruption.guard(
            GRACE,
            () -> {
              try (Progress progress = Progress.start(err, false)) {
                return new WaterfallJob(settings, started, mode, !full && !unprofiled, progress)
                    .run();
              }
            });
    ResultFile.replace(target, WaterfallChart.svg(waterfall));
    err.printf(
        "%s: %s, %d requests%n",
        target, Quantity.millis(Math.round(waterfall.totalMillis())), waterfall.requests().size());
    return 0;
  }

  private Workload started() throws CommandException {
    List<Workload> known = Workloads.cold(Size.FULL);
    return known.stream()
        .filter(each -> each.name().equals(workload))
        .findFirst()
        .orElseThrow(
            () ->
                CommandException.usage(
                    "--workload %s: valid are %s"
                        .formatted(
                            workload,
                            known.stream().map(Workload::name).collect(Collectors.joining(", ")))));
  }

  private Net net() throws CommandException {
    try {
      return Net.parse(net);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage("--net " + net + ": " + e.getMessage());
    }
  }
}
