package io.morsel.bench.run;

import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Quantity;

/** {@code total}: a pull, and a program that reads a given share of the image's bytes. */
final class TotalGroup {
  private final Bench bench;
  private final Recorder recorder;
  private final ColdStart coldStart;

  TotalGroup(Bench bench) {
    this.bench = bench;
    this.recorder = bench.recorder();
    this.coldStart = new ColdStart(bench.registry());
  }

  void run() {
    RunSettings settings = bench.settings();
    for (Net net : settings.nets()) {
      for (int round = 1; round <= settings.rounds(); round++) {
        for (int share : settings.shares()) {
          Workload reader = Workloads.reader(share, settings.size());
          for (Mode mode : settings.modes()) {
            sample(net, reader, mode, round);
          }
        }
      }
    }
  }

  private void sample(Net net, Workload reader, Mode mode, int round) {
    ModeFigures keys = new ModeFigures("total", net.name(), reader.name(), mode.name());
    Link link = bench.links().link(net);
    bench.sample(
        "total  %-8s %-14s %-10s round %d/%d"
            .formatted(net.name(), reader.name(), mode.name(), round, bench.settings().rounds()),
        step -> {
          try (Node node = bench.startNode(mode, "")) {
            return coldStart.measure(
                node, link, bench.repository(reader.image(), mode), reader, step);
          }
        },
        figures ->
            "%s (pull %s), %s"
                .formatted(
                    Quantity.millis(Math.round(figures.totalMillis())),
                    Quantity.millis(Math.round(figures.pullMillis())),
                    Quantity.bytes(figures.inTotal().receivedBytes())),
        figures -> {
          // The reader prints when it has read everything: its first output is its end.
          recorder.add(keys.millis("total_millis"), round, figures.totalMillis());
          recorder.add(keys.millis("pull_millis"), round, figures.pullMillis());
          recorder.add(
              keys.millis("read_millis"), round, figures.createMillis() + figures.startMillis());
          recorder.add(keys.bytes("received_bytes"), round, figures.untilOutput().receivedBytes());
          recorder.add(keys.key("requests", "requests"), round, figures.untilOutput().requests());
          recorder.add(keys.key("cpu_seconds", "s"), round, figures.cpuSeconds());
        },
        reason -> recorder.addVoid(keys.millis("total_millis"), round, reason));
  }
}
