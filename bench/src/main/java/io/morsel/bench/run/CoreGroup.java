package io.morsel.bench.run;

import io.morsel.bench.host.Command;
import io.morsel.bench.image.BenchImage;
import io.morsel.bench.image.Size;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.node.Recording;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Quantity;
import java.util.Arrays;
import java.util.List;

/**
 * {@code core}: {@code morsel core} in containerd's place. A cold start beside containerd's, with
 * overlayfs and with Morsel as its snapshotter; and how long the engine itself takes to run a
 * container of an image that is there, unpacked on overlayfs for both.
 */
final class CoreGroup {
  private static final String GROUP = "core";
  private static final int RUNS = 5;

  /** Further lines of configuration: every column starts without a profile. */
  private static final String CONFIG = ProfileSharing.NO_PROFILE;

  private final Bench bench;
  private final Recorder recorder;
  private final ColdStart coldStart;

  CoreGroup(Bench bench) {
    this.bench = bench;
    this.recorder = bench.recorder();
    this.coldStart = new ColdStart(bench.registry());
  }

  void run() {
    RunSettings settings = bench.settings();
    boolean isQuick = settings.size() == Size.QUICK;
    int rounds = rounds();
    Workload cold = Workloads.cold(settings.size()).getFirst();
    for (Net net : isQuick ? settings.nets().subList(0, 1) : settings.nets()) {
      for (int round = 1; round <= rounds; round++) {
        for (Mode mode : List.of(new Mode.Full(), new Mode.Lazy(), new Mode.Core())) {
          cold(net, cold, mode, round);
        }
      }
    }
    for (int round = 1; round <= rounds; round++) {
      for (Mode mode : List.of(new Mode.Full(), new Mode.Core())) {
        present(mode.name(), mode, round, CoreGroup::byCtr);
      }
      present("morsel-run", new Mode.Core(), round, this::byMorsel);
    }
  }

  /**
   * Quick is what it says: this group alone takes a minute and a half in two rounds of two nets.
   */
  private int rounds() {
    return bench.settings().size() == Size.QUICK ? 1 : bench.settings().rounds();
  }

  /** How a container is run whose image is there. */
  @FunctionalInterface
  private interface Client {
    Command run(Node node, String reference);
  }

  private static Command byCtr(Node node, String reference) {
    return node.runInFull(reference, ColdStart.ID, Workloads.tiny().command());
  }

  private Command byMorsel(Node node, String reference) {
    Command run =
        node.morselRunInFull(
            bench.settings().checkout(), reference, ColdStart.ID, Workloads.tiny().command());
    // As for the daemons: what a build needs at its start is recorded when it is installed.
    return Recording.ensured(bench.settings().checkout(), "run", run);
  }

  private void cold(Net net, Workload workload, Mode mode, int round) {
    ModeFigures keys = new ModeFigures(GROUP, net.name(), workload.name(), mode.name());
    bench.sample(
        "core   %-8s %-14s %-10s round %d/%d"
            .formatted(net.name(), workload.name(), mode.name(), round, rounds()),
        step -> {
          try (Node node = bench.startNode(mode, CONFIG)) {
            return coldStart.measure(
                node,
                bench.links().link(net),
                bench.repository(workload.image(), mode),
                workload,
                step);
          }
        },
        figures ->
            "%s (pull %s)"
                .formatted(
                    Quantity.millis(Math.round(figures.totalMillis())),
                    Quantity.millis(Math.round(figures.pullMillis()))),
        figures -> {
          recorder.add(keys.millis("total_millis"), round, figures.totalMillis());
          recorder.add(keys.millis("pull_millis"), round, figures.pullMillis());
          recorder.add(keys.millis("create_millis"), round, figures.createMillis());
          recorder.add(keys.millis("start_millis"), round, figures.startMillis());
          recorder.add(keys.key("cpu_seconds", "s"), round, figures.cpuSeconds());
          recorder.add(keys.bytes("peak_rss_bytes"), round, figures.use().peakResidentBytes());
        },
        reason -> recorder.addVoid(keys.millis("total_millis"), round, reason));
  }

  /** The median of some runs, after one that does not count. */
  private void present(String column, Mode mode, int round, Client client) {
    ModeFigures keys = new ModeFigures(GROUP, Net.LOCAL.name(), "tiny-present", column);
    bench.sample(
        "core   %-8s %-14s %-10s round %d/%d"
            .formatted(Net.LOCAL.name(), "tiny-present", column, round, rounds()),
        step -> {
          try (Node node = bench.startNode(mode, CONFIG)) {
            String reference =
                "localhost:"
                    + bench.links().link(Net.LOCAL).port()
                    + "/"
                    + bench.images().plain(BenchImage.TINY);
            step.accept("pulling in full");
            node.pullInFull(reference).succeed();
            double[] millis = new double[RUNS];
            int heard = 0;
            for (int i = -1; i < RUNS; i++) {
              step.accept("running");
              long begin = System.nanoTime();
              heard += hello(client.run(node, reference));
              if (i >= 0) {
                millis[i] = (System.nanoTime() - begin) / 1e6;
              }
            }
            if (heard == 0) {
              throw new VoidSampleException("no container said hello");
            }
            Arrays.sort(millis);
            return millis[RUNS / 2];
          }
        },
        millis -> Quantity.millis(Math.round(millis)),
        millis -> recorder.add(keys.millis("run_millis"), round, millis),
        reason -> recorder.addVoid(keys.millis("run_millis"), round, reason));
  }

  /**
   * How often a run was heard to say hello: ctr may leave before it has passed on all that a
   * container has said which is over at once.
   */
  private static int hello(Command run) throws VoidSampleException {
    Command.Result result = run.run();
    if (result.exitCode() != 0) {
      throw new VoidSampleException("the container failed: " + result.errors() + result.text());
    }
    return Workloads.tiny().accepts(result.text()) ? 1 : 0;
  }
}
