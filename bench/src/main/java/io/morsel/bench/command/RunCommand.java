package io.morsel.bench.command;

import io.morsel.bench.image.Size;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.report.HtmlReport;
import io.morsel.bench.report.MarkdownReport;
import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.ResultFile;
import io.morsel.bench.result.Sample;
import io.morsel.bench.run.GroupName;
import io.morsel.bench.run.RunJob;
import io.morsel.bench.run.RunSettings;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code bench/run} without a further command: takes measurements. */
@Command(
    name = "bench/run",
    description = {
      "Measures Morsel, a full pull with overlayfs, and any other proxy snapshotter, side by side:",
      "cold start, total time, steady state and cost, in one run on this machine. Needs root.",
      ""
    },
    subcommands = {
      CompareCommand.class,
      ReportCommand.class,
      ReadmeCommand.class,
      CalibrateCommand.class,
      WaterfallCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  bench/run --quick --report quick.html",
      "  bench/run --group cold --net local --net 100m --json a.json",
      "  bench/run --group cold --peer stargz=/run/containerd-stargz-grpc/stargz.sock",
      "  bench/run --net 50mbit,30ms,0.1%% --group total --rounds 3",
      "  bench/run compare a.json b.json --fail-over 10",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 regression (compare), 130 interrupted."
    })
final class RunCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofMinutes(2);
  private static final Set<String> NO_SETTINGS =
      Set.of("--json", "--report", "--markdown", "--install", "--cache", "--work");
  private static final int MIN_ROUNDS = 1;
  private static final int MAX_ROUNDS = 1_000;

  @Option(
      names = "--net",
      paramLabel = "NET",
      description =
          "Network between clients and registry: local, 1g, 100m (10 ms round trip), or"
              + " RATE,RTT[,LOSS]; may be given again. By default local, 1g and 100m.")
  List<String> nets = new ArrayList<>();

  @Option(
      names = "--group",
      paramLabel = "GROUP",
      split = ",",
      description = "What to measure: ${COMPLETION-CANDIDATES}. By default everything.")
  List<GroupName> groups = new ArrayList<>();

  @Option(
      names = "--workload",
      paramLabel = "NAME",
      split = ",",
      description = "Only these workloads of the group cold. By default all.")
  List<String> workloads = new ArrayList<>();

  @Option(
      names = "--share",
      paramLabel = "PERCENT",
      split = ",",
      description = "Shares of the image that the group total reads: 1, 5, 25, 50, 100.")
  List<Integer> shares = new ArrayList<>();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each sample is taken, the columns by turns. By default 5.")
  int rounds;

  @Option(
      names = "--peer",
      paramLabel = "NAME=SOCKET",
      description = "Another proxy snapshotter that runs on this machine; may be given again.")
  Map<String, Path> peers = new LinkedHashMap<>();

  @Option(
      names = "--peer-reset",
      paramLabel = "NAME=COMMAND",
      description =
          "A shell command that makes a peer forget what it has fetched, run before each cold"
              + " sample, such as one that restarts it on an empty root.")
  Map<String, String> resets = new LinkedHashMap<>();

  @Option(
      names = "--starts",
      paramLabel = "N",
      split = ",",
      description = "How many containers the group scale starts at once. By default 1,10,50,200.")
  List<Integer> starts = new ArrayList<>();

  @Option(
      names = "--nodes",
      paramLabel = "N",
      split = ",",
      description = "How many nodes the group fleet starts at once. By default 1,4,16,64.")
  List<Integer> nodes = new ArrayList<>();

  @Option(
      names = "--quick",
      description = "Fewer rounds, networks and workloads, and smaller images: in under 4 minutes.")
  boolean quick;

  @Option(
      names = "--smoke",
      description =
          "One round of everything with tiny images: shows that the bench works, and nothing else.")
  boolean smoke;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures there.")
  @Nullable Path json;

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description = "Write a report to look at there.")
  @Nullable Path report;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write tables for a README there; - for standard output, the default.")
  @Nullable Path markdown;

  @Option(names = "--install", description = "Install the Debian packages that are missing.")
  boolean install;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "Where images are kept from run to run. By default bench/.cache.")
  @Nullable Path cache;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "Where nodes keep their roots; a local filesystem. By default /tmp.")
  Path work = Path.of("/tmp");

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this text.")
  boolean help;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Path checkout = Path.of(System.getProperty("morsel.checkout", ".")).toAbsolutePath();
    RunSettings settings = settings(checkout);
    Preconditions.check(settings, install, err);
    for (Path file : Arrays.asList(json, report, markdown)) {
      checkWritable(file);
    }
    BenchResult result =
        Interruption.guard(
            GRACE,
            () -> {
              try (Progress progress = Progress.start(err, false)) {
                return new RunJob(settings, progress).run(commandLine(), options());
              }
            });
    if (json != null) {
      ResultFile.write(json, result);
    }
    if (report != null) {
      ResultFile.replace(report, HtmlReport.render(result));
    }
    if (markdown != null && !markdown.toString().equals("-")) {
      ResultFile.replace(markdown, MarkdownReport.render(result));
    } else {
      out.println(MarkdownReport.render(result));
    }
    long voids =
        result.cells().stream()
            .flatMap(cell -> cell.samples().stream())
            .map(Sample::voidReason)
            .filter(Objects::nonNull)
            .count();
    err.printf(
        "%s in %s%s%n",
        result.cells().size() + " figures",
        Quantity.millis(result.durationMillis()),
        voids == 0 ? "" : "; " + voids + " samples are void: the report says why");
    return 0;
  }

  private RunSettings settings(Path checkout) throws CommandException {
    if (quick && smoke) {
      throw CommandException.usage("--quick and --smoke exclude each other");
    }
    Size size = smoke ? Size.SMOKE : quick ? Size.QUICK : Size.FULL;
    if (rounds != 0 && (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS)) {
      throw CommandException.usage(
          "--rounds %d: valid is a number from %d to %d".formatted(rounds, MIN_ROUNDS, MAX_ROUNDS));
    }
    Defaults defaults = Defaults.of(size);
    Set<String> chosen =
        new LinkedHashSet<>(workloads.isEmpty() ? defaults.workloads() : workloads);
    List<String> known = Workloads.cold(size).stream().map(Workload::name).toList();
    for (String name : chosen) {
      if (!known.contains(name)) {
        throw CommandException.usage(
            "--workload %s: valid are %s".formatted(name, String.join(", ", known)));
      }
    }
    checkCounts("--starts", starts, 1_000);
    checkCounts("--nodes", nodes, 1_000);
    List<Integer> readShares = shares.isEmpty() ? defaults.shares() : shares;
    for (int share : readShares) {
      if (!Workloads.SHARES.contains(share)) {
        throw CommandException.usage("--share %d: valid are %s".formatted(share, Workloads.SHARES));
      }
    }
    return new RunSettings(
        checkout,
        cache == null ? checkout.resolve("bench/.cache") : cache.toAbsolutePath(),
        work.toAbsolutePath(),
        parseNets(nets.isEmpty() ? defaults.nets() : nets),
        groups.isEmpty() ? EnumSet.allOf(GroupName.class) : EnumSet.copyOf(groups),
        modes(),
        chosen,
        readShares,
        rounds == 0 ? defaults.rounds() : rounds,
        starts.isEmpty() ? defaults.starts() : starts,
        defaults.mountedLayers(),
        nodes.isEmpty() ? defaults.nodes() : nodes,
        size);
  }

  private static void checkCounts(String option, List<Integer> counts, int most)
      throws CommandException {
    for (int count : counts) {
      if (count < 1 || count > most) {
        throw CommandException.usage(
            "%s %d: valid is a number from 1 to %d".formatted(option, count, most));
      }
    }
  }

  private static List<Net> parseNets(List<String> names) throws CommandException {
    List<Net> parsed = new ArrayList<>();
    for (String name : names) {
      try {
        parsed.add(Net.parse(name));
      } catch (IllegalArgumentException e) {
        throw CommandException.usage("--net " + name + ": " + e.getMessage());
      }
    }
    return List.copyOf(new LinkedHashSet<>(parsed));
  }

  private List<Mode> modes() throws CommandException {
    List<Mode> modes = new ArrayList<>(List.of(new Mode.Full(), new Mode.Lazy()));
    for (Map.Entry<String, Path> peer : peers.entrySet()) {
      String name = peer.getKey();
      if (!name.matches("[a-z0-9][a-z0-9-]*")
          || List.of("overlayfs", "morsel", "morsel-unprofiled", "limit", "native")
              .contains(name)) {
        throw CommandException.usage(
            "--peer %s: valid is a name of small letters, digits and hyphens that no other column has"
                .formatted(name));
      }
      modes.add(
          new Mode.Peer(
              name, peer.getValue().toAbsolutePath(), Optional.ofNullable(resets.get(name))));
    }
    for (String name : resets.keySet()) {
      if (!peers.containsKey(name)) {
        throw CommandException.usage("--peer-reset " + name + ": there is no --peer of that name");
      }
    }
    return List.copyOf(modes);
  }

  /** Fails before hours of measuring rather than after them. */
  static void checkWritable(@Nullable Path file) throws CommandException {
    if (file == null || file.toString().equals("-")) {
      return;
    }
    Path directory = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file) || directory == null || !Files.isWritable(directory)) {
      throw CommandException.failed("can't write to " + file + ": no such directory, or no file");
    }
  }

  /**
   * What makes these figures again: without where they were written, which is nobody's business.
   */
  private String commandLine() {
    List<String> words = new ArrayList<>(List.of("./bench/run"));
    boolean value = false;
    for (String word : Objects.requireNonNull(spec).commandLine().getParseResult().originalArgs()) {
      String name = word.replaceFirst("=.*", "");
      if (value || NO_SETTINGS.contains(name)) {
        boolean inNextWord = !value && name.equals(word) && !name.equals("--install");
        value = inNextWord;
        continue;
      }
      words.add(word.matches("[\\w./=,:%-]+") ? word : "'" + word + "'");
    }
    return String.join(" ", words);
  }

  /** Only what has a bearing on the figures: two runs are compared by it. */
  private Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    for (var option : Objects.requireNonNull(spec).options()) {
      Object value = option.getValue();
      if (!option.usageHelp() && value != null && !NO_SETTINGS.contains(option.longestName())) {
        options.put(option.longestName(), String.valueOf(value));
      }
    }
    return options;
  }
}
