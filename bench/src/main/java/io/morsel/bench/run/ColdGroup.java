package io.morsel.bench.run;

import io.morsel.bench.image.Size;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Calibration;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Recorder;
import io.morsel.bench.result.Sample;
import io.morsel.cli.terminal.Quantity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * {@code cold}: a container's start from an image that is not there, and how far that is from what
 * the network permits.
 *
 * <p>The limit of a cell is a local start of the image that is there in full, and the compressed
 * bytes that the workload needs over the network's bandwidth, and four round trips. The local start
 * is the full pull's own, after its pull. What is needed is measured on a Morsel that fetches
 * nothing but what is read.
 */
final class ColdGroup {
  private static final int LIMIT_ROUND_TRIPS = 4;
  private static final String FETCH_NOTHING_UNASKED =
      "[fetch]\nprefetch = false\nbackground_fill = false\nread_ahead_bytes = 0\n"
          + ProfileSharing.NO_PROFILE;

  /**
   * One of the group's columns: a mode, set up in a certain way.
   *
   * @param name as results call it
   * @param morselConfig further lines of Morsel's configuration
   */
  private record Column(String name, Mode mode, String morselConfig) {}

  private final Bench bench;
  private final Recorder recorder;
  private final ColdStart coldStart;

  ColdGroup(Bench bench) {
    this.bench = bench;
    this.recorder = bench.recorder();
    this.coldStart = new ColdStart(bench.registry());
  }

  void run() {
    RunSettings settings = bench.settings();
    List<Workload> workloads =
        Workloads.cold(settings.size()).stream()
            .filter(w -> settings.workloads().isEmpty() || settings.workloads().contains(w.name()))
            .toList();
    List<Column> columns = columns();
    if (settings.modes().stream().anyMatch(mode -> mode instanceof Mode.Lazy)) {
      new ProfileSharing(bench).share(workloads);
    }
    Map<Workload, Long> needed = new LinkedHashMap<>();
    for (Workload workload : workloads) {
      neededBytes(workload, needed);
    }
    for (Net net : settings.nets()) {
      for (int round = 1; round <= settings.rounds(); round++) {
        for (Workload workload : workloads) {
          for (Column column : columns) {
            sample(net, workload, column, round);
          }
        }
      }
      for (Workload workload : workloads) {
        Long bytes = needed.get(workload);
        if (bytes != null) {
          limit(net, workload, bytes);
        }
      }
    }
  }

  /** The modes; Morsel's own a second time, as it is where nobody has shared a profile. */
  private List<Column> columns() {
    List<Column> columns = new ArrayList<>();
    for (Mode mode : bench.settings().modes()) {
      columns.add(new Column(mode.name(), mode, ""));
      if (mode instanceof Mode.Lazy && bench.settings().size() == Size.FULL) {
        columns.add(new Column(mode.name() + "-unprofiled", mode, ProfileSharing.NO_PROFILE));
      }
    }
    return columns;
  }

  /** Compressed bytes of the chunks that a workload touches until its first output. */
  private void neededBytes(Workload workload, Map<Workload, Long> needed) {
    Mode mode = new Mode.Lazy();
    bench.sample(
        "cold   needed bytes of " + workload.name(),
        step -> {
          try (Node node = bench.startNode(mode, FETCH_NOTHING_UNASKED)) {
            return coldStart.measure(
                node,
                bench.links().link(Net.LOCAL),
                bench.repository(workload.image(), mode),
                workload,
                step);
          }
        },
        figures -> Quantity.bytes(figures.demandBytes()),
        figures -> needed.put(workload, figures.demandBytes()),
        _ -> {});
  }

  private void sample(Net net, Workload workload, Column column, int round) {
    Mode mode = column.mode();
    ModeFigures keys = new ModeFigures("cold", net.name(), workload.name(), column.name());
    Link link = bench.links().link(net);
    bench.sample(
        "cold   %-8s %-14s %-17s round %d/%d"
            .formatted(
                net.name(), workload.name(), column.name(), round, bench.settings().rounds()),
        step -> {
          try (Node node = bench.startNode(mode, column.morselConfig())) {
            return coldStart.measure(
                node, link, bench.repository(workload.image(), mode), workload, step);
          }
        },
        figures ->
            "%s (pull %s), %s, %d requests"
                .formatted(
                    Quantity.millis(Math.round(figures.totalMillis())),
                    Quantity.millis(Math.round(figures.pullMillis())),
                    Quantity.bytes(figures.untilOutput().receivedBytes()),
                    figures.untilOutput().requests()),
        figures -> {
          recorder.add(keys.millis("pull_millis"), round, figures.pullMillis());
          recorder.add(keys.millis("create_millis"), round, figures.createMillis());
          recorder.add(keys.millis("start_millis"), round, figures.startMillis());
          recorder.add(keys.millis("total_millis"), round, figures.totalMillis());
          recorder.add(
              keys.bytes("first_output_bytes"), round, figures.untilOutput().receivedBytes());
          recorder.add(
              keys.key("first_output_requests", "requests"),
              round,
              figures.untilOutput().requests());
          recorder.add(keys.bytes("total_bytes"), round, figures.inTotal().receivedBytes());
          recorder.add(keys.key("total_requests", "requests"), round, figures.inTotal().requests());
          recorder.add(keys.key("cpu_seconds", "s"), round, figures.cpuSeconds());
          recorder.add(keys.bytes("peak_rss_bytes"), round, figures.use().peakResidentBytes());
        },
        reason -> recorder.addVoid(keys.millis("total_millis"), round, reason));
  }

  private void limit(Net net, Workload workload, long neededBytes) {
    ModeFigures keys = new ModeFigures("cold", net.name(), workload.name(), "limit");
    ModeFigures full = keys.of(new Mode.Full().name());
    double[] localStarts = pairwiseSums(full.millis("create_millis"), full.millis("start_millis"));
    if (localStarts.length == 0) {
      recorder.addVoid(keys.millis("total_millis"), 1, "no full pull succeeded");
      return;
    }
    Calibration calibration = bench.links().calibration(net);
    double limitMillis =
        Cell.median(localStarts)
            + 1e3 * (double) neededBytes / calibration.achievedBytesPerSecond()
            + LIMIT_ROUND_TRIPS * calibration.achievedRttMicros() / 1e3;
    recorder.add(keys.bytes("needed_bytes"), 1, neededBytes);
    recorder.add(keys.millis("total_millis"), 1, limitMillis);
    for (Column column : columns()) {
      ModeFigures own = keys.of(column.name());
      for (Sample sample : recorder.samples(own.millis("total_millis"))) {
        Double value = sample.value();
        if (value != null) {
          recorder.add(own.key("times_limit", "ratio"), sample.round(), value / limitMillis);
        }
      }
    }
  }

  /** Sums of the figures of the rounds that have both. */
  private double[] pairwiseSums(CellKey one, CellKey other) {
    Map<Integer, Double> ones = new LinkedHashMap<>();
    for (Sample sample : recorder.samples(one)) {
      if (sample.value() != null) {
        ones.put(sample.round(), sample.value());
      }
    }
    return recorder.samples(other).stream()
        .filter(sample -> sample.value() != null && ones.containsKey(sample.round()))
        .mapToDouble(
            sample ->
                Objects.requireNonNull(ones.get(sample.round()))
                    + Objects.requireNonNull(sample.value()))
        .toArray();
  }
}
