package io.morsel.bench.fleet;

import io.morsel.bench.host.HostException;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.stargz.ChunkTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * The group {@code fleet}: N nodes start one image against one registry at once, directly and
 * behind a cache of their site; measured as far as this machine carries it, and modelled beyond.
 *
 * <p>A node is the real fetch engine with its own directory and connections, without mounts. It
 * resolves the image, opens all layers, and has fetched what a {@link StartTrace} touches when it
 * is up. For one run at a time on one thread.
 */
public final class FleetGroup {
  /** Where the model's curve goes, beside what was measured. */
  private static final List<Integer> MODELLED = List.of(100, 1_000, 10_000);

  /** What an answer has before its body. */
  private static final long HEADER_BYTES = 1_000;

  private static final long SEED = 20_260_101;

  private final FleetPlan plan;
  private final Recorder recorder;
  private final Progress progress;
  private final Map<Site, Map<Integer, List<FleetSample>>> samples = new EnumMap<>(Site.class);

  private FleetGroup(FleetPlan plan, Recorder recorder, Progress progress) {
    this.plan = plan;
    this.recorder = recorder;
    this.progress = progress;
  }

  /**
   * Measures, and then models. A start that did not do what it claims becomes a void sample.
   *
   * @return remarks for the report: the model, its error, and from where on figures are its
   * @throws HostException if the image can't be started at all, or the thread is interrupted
   */
  public static List<String> run(FleetPlan plan, Recorder recorder, Progress progress) {
    try (QuietEngine _ = new QuietEngine()) {
      return new FleetGroup(plan, recorder, progress).run();
    }
  }

  private List<String> run() {
    FleetStart.Image image = look();
    FleetStart start = new FleetStart(plan, image);
    for (int round = 1; round <= plan.rounds(); round++) {
      for (int nodes : plan.nodes()) {
        for (Site site : plan.sites()) {
          measure(start, site, nodes, round);
        }
      }
    }
    List<String> remarks = new ArrayList<>();
    remarks.add(
        "fleet: every node runs on this machine, whose %d processors also run the registry, the caches and the network's model; a start touches %.3g %% of each layer's data, with 4 reads under way"
            .formatted(processors(), plan.share() * 100));
    for (Site site : plan.sites()) {
      remarks.addAll(model(site, image));
    }
    return remarks;
  }

  /** Starts one node that is not measured: it says what a start touches, and warms the registry. */
  private FleetStart.Image look() {
    try {
      Path directory = Files.createTempDirectory(plan.work(), "fleet-");
      try (FleetNode node =
          new FleetNode(plan.registry().port(), plan.repositoryAndTag(), directory)) {
        node.open();
        List<ChunkTable> chunks = node.chunks();
        StartTrace trace = StartTrace.choose(chunks, plan.share(), SEED);
        node.start(trace);
        return new FleetStart.Image(trace, node.compressedBytes(), node.manifestBytes());
      } finally {
        FleetStart.delete(directory);
      }
    } catch (IOException e) {
      throw new HostException(
          "a node can't start %s: %s".formatted(plan.repositoryAndTag(), e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while a node starts", e);
    }
  }

  private void measure(FleetStart start, Site site, int nodes, int round) {
    String what = "fleet %s %s, %d nodes".formatted(plan.workload(), site.label(), nodes);
    AtomicInteger up = new AtomicInteger();
    progress.running(
        what, () -> "%s: %d up (round %d of %d)".formatted(what, up.get(), round, plan.rounds()));
    try {
      FleetSample sample = start.run(site, nodes, up::set);
      record(site, nodes, round, sample);
      progress.ended(
          what,
          "%s: all up after %s, the registry sent %s"
              .formatted(
                  what,
                  Quantity.millis(Math.round(sample.lastUpMillis())),
                  Quantity.bytes(sample.traffic().receivedBytes())));
    } catch (FleetStart.VoidSampleException | IOException | HostException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e instanceof HostException host ? host : new HostException("interrupted", e);
      }
      String reason = Objects.requireNonNullElse(e.getMessage(), e.toString());
      for (Metric metric : Metric.values()) {
        if (metric.isOf(site)) {
          recorder.addVoid(key(site.label(), nodes, metric), round, reason);
        }
      }
      progress.ended(what, "%s: does not count: %s".formatted(what, reason));
    }
  }

  private void record(Site site, int nodes, int round, FleetSample sample) {
    samples
        .computeIfAbsent(site, _ -> new TreeMap<>())
        .computeIfAbsent(nodes, _ -> new ArrayList<>())
        .add(sample);
    for (Metric metric : Metric.values()) {
      if (metric.isOf(site)) {
        recorder.add(key(site.label(), nodes, metric), round, metric.of(sample));
      }
    }
  }

  /** What is recorded of a sample. */
  private enum Metric {
    LAST_UP("last_up_millis", "ms"),
    MEDIAN_UP("median_up_millis", "ms"),
    REGISTRY_BYTES("registry_bytes", "bytes"),
    REGISTRY_REQUESTS("registry_requests", "requests"),
    /** What nodes received of blobs. */
    CACHE_BYTES("cache_bytes", "bytes");

    private final String label;
    private final String unit;

    Metric(String label, String unit) {
      this.label = label;
      this.unit = unit;
    }

    boolean isOf(Site site) {
      return this != CACHE_BYTES || site != Site.DIRECT;
    }

    double of(FleetSample sample) {
      return switch (this) {
        case LAST_UP -> sample.lastUpMillis();
        case MEDIAN_UP ->
            Cell.median(sample.upMillis().stream().mapToDouble(Double::doubleValue).toArray());
        case REGISTRY_BYTES -> sample.traffic().receivedBytes();
        case REGISTRY_REQUESTS -> sample.traffic().requests();
        case CACHE_BYTES -> sample.allReceivedBytes();
      };
    }
  }

  private CellKey key(String mode, int nodes, Metric metric) {
    return new CellKey(
        "fleet", plan.net().name(), plan.workload() + "-" + nodes, mode, metric.label, metric.unit);
  }

  /** Records the model's curve, and says what it is worth. */
  private List<String> model(Site site, FleetStart.Image image) {
    List<FleetPoint> points =
        samples.getOrDefault(site, Map.of()).values().stream().map(FleetPoint::of).toList();
    List<String> remarks = new ArrayList<>();
    points.stream()
        .filter(FleetPoint::isSaturated)
        .findFirst()
        .ifPresent(
            point ->
                remarks.add(
                    "fleet %s: from N = %d on, this machine's processors were busy simulating (%.0f %%): what is measured there is how fast they simulate"
                        .formatted(site.label(), point.nodes(), point.busyShare() * 100)));
    if (plan.net().bitsPerSecond().isEmpty()) {
      remarks.add(
          "fleet %s: not modelled, since the network %s has no rate"
              .formatted(site.label(), plan.net().name()));
      return remarks;
    }
    double bytesPerMilli = plan.net().bitsPerSecond().getAsLong() / 8.0 / 1000;
    FleetModel.Cache cache =
        site == Site.DIRECT
            ? null
            : new FleetModel.Cache(
                site.workers(processors()), image.manifestBytes() + HEADER_BYTES);
    FleetModel.fit(points, bytesPerMilli, cache)
        .ifPresentOrElse(
            model -> {
              TreeSet<Integer> curve = new TreeSet<>(plan.nodes());
              curve.addAll(MODELLED);
              String mode = site.label() + " (model)";
              for (int nodes : curve) {
                recorder.add(key(mode, nodes, Metric.LAST_UP), 1, model.lastUpMillis(nodes));
                recorder.add(
                    key(mode, nodes, Metric.REGISTRY_BYTES), 1, model.registryBytes(nodes));
              }
              remarks.add(describe(site, points, model));
            },
            () ->
                remarks.add(
                    "fleet %s: not modelled, which takes two numbers of nodes that were measured"
                        .formatted(site.label())));
    return remarks;
  }

  private static String describe(Site site, List<FleetPoint> points, FleetModel model) {
    OptionalDouble error = model.worstError(points);
    String others =
        points.stream()
            .filter(point -> !point.equals(model.small()) && !point.equals(model.large()))
            .map(point -> Integer.toString(point.nodes()))
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "fleet %s: measured up to %d nodes; beyond, a model: the last of N nodes is up after max(%s, %s + N × %.3g ms), and the registry sends %s and %s for each further node. It takes each node to be a machine like this one, the link and the registry to serve any number of connections at the link's rate%s. Fitted to %d and %d nodes%s",
        site.label(),
        points.getLast().nodes(),
        Quantity.millis(Math.round(model.small().lastUpMillis())),
        Quantity.millis(Math.round(model.latencyMillis())),
        model.demandMillis(),
        Quantity.bytes(Math.round(model.small().registryBytes())),
        Quantity.bytes(Math.round(model.bytesPerNode())),
        site == Site.DIRECT
            ? ""
            : ", and the cache to have %d processor(s) like these and a network of 10 Gbit/s"
                .formatted(site.workers(processors())),
        model.small().nodes(),
        model.large().nodes(),
        error.isPresent()
            ? String.format(
                Locale.ROOT,
                "; with this machine's processors added it is off by at most %.0f %% at %s",
                error.getAsDouble() * 100,
                others)
            : "; there is no other point to check it against");
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }
}
