package io.morsel.bench.fleet;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * When the last of N nodes is up, and what the registry sends, for more nodes than one machine can
 * simulate.
 *
 * <p>The bounds of operational analysis, taken as the estimate: {@code T(N) = max(T(1), L + N D)}.
 * {@code T(1)} is the smallest measured fleet's time: round trips one after the other, a node's own
 * decoding, and a cache's first misses. {@code D} is what one further node takes of the resource
 * that it takes most of: the link to the registry (bytes over its rate) or, behind a cache, the
 * cache's processors or its network. {@code L} is what can't overlap with that, fitted to the
 * largest fleet that this machine's processors did not slow down. Nothing here knows of a node's
 * processor: each has its own.
 *
 * <p>The registry's bytes grow with every node by what the two fleets differ in; behind a cache, at
 * most by the manifest, since all nodes read the same blobs.
 *
 * @param small the smallest measured fleet
 * @param large the largest one that is fitted to
 * @param demandMillis D
 * @param latencyMillis L
 * @param bytesPerNode what each further node costs the registry
 * @param cpuMillisPerNode this machine's processor time for each node, over its processors
 */
record FleetModel(
    FleetPoint small,
    FleetPoint large,
    double demandMillis,
    double latencyMillis,
    double bytesPerNode,
    double cpuMillisPerNode) {
  /** What a cache's own network is taken to carry: 10 Gbit/s. */
  static final double SITE_BYTES_PER_MILLI = 10e9 / 8 / 1000;

  /**
   * What stands between nodes and the registry.
   *
   * @param workers how many processors it can use
   * @param missedBytes what each further node at most has it ask the registry for
   */
  record Cache(int workers, double missedBytes) {}

  /**
   * A model of what was measured.
   *
   * @param points by their number of nodes
   * @param bytesPerMilli what the link to the registry carries
   * @param cache the site's cache; null where nodes ask the registry themselves
   * @return empty where there are not two points
   */
  static Optional<FleetModel> fit(
      List<FleetPoint> points, double bytesPerMilli, @Nullable Cache cache) {
    if (points.size() < 2) {
      return Optional.empty();
    }
    FleetPoint small = points.getFirst();
    FleetPoint large =
        points.stream()
            .skip(1)
            .filter(point -> !point.isSaturated())
            .reduce((_, later) -> later)
            .orElse(points.get(1));
    double bytesPerNode = perNode(small, large, FleetPoint::registryBytes);
    double demand = bytesPerNode / bytesPerMilli;
    if (cache != null) {
      bytesPerNode = Math.min(bytesPerNode, cache.missedBytes);
      double cpu = perNode(small, large, FleetPoint::cacheCpuMillis) / cache.workers;
      double network = large.receivedBytes() / large.nodes() / SITE_BYTES_PER_MILLI;
      demand = Math.max(bytesPerNode / bytesPerMilli, Math.max(cpu, network));
    }
    // A point that the processors slowed down says nothing of the network's latency.
    FleetPoint known = large.isSaturated() ? small : large;
    return Optional.of(
        new FleetModel(
            small,
            large,
            demand,
            Math.max(0, known.lastUpMillis() - known.nodes() * demand),
            bytesPerNode,
            large.busyShare() * large.lastUpMillis() / large.nodes()));
  }

  private static double perNode(
      FleetPoint small, FleetPoint large, ToDoubleFunction<FleetPoint> figure) {
    double more = figure.applyAsDouble(large) - figure.applyAsDouble(small);
    return Math.max(0, more / (large.nodes() - small.nodes()));
  }

  /** When the last node is up, each on a machine of its own. */
  double lastUpMillis(int nodes) {
    return Math.max(small.lastUpMillis(), latencyMillis + nodes * demandMillis);
  }

  /** What the registry sends. */
  double registryBytes(int nodes) {
    return nodes <= small.nodes()
        ? small.registryBytes()
        : large.registryBytes() + (nodes - large.nodes()) * bytesPerNode;
  }

  /** When the last node is up where all of them run on this machine, as they do when measured. */
  double lastUpHereMillis(int nodes) {
    return Math.max(lastUpMillis(nodes), nodes * cpuMillisPerNode);
  }

  /**
   * By how much the model is off in time, at worst, at points that it was not fitted to: 0.1 for a
   * tenth. Empty where there are none.
   */
  OptionalDouble worstError(List<FleetPoint> points) {
    return points.stream()
        .filter(point -> !point.equals(small) && !point.equals(large))
        .mapToDouble(
            point ->
                Math.abs(lastUpHereMillis(point.nodes()) - point.lastUpMillis())
                    / point.lastUpMillis())
        .max();
  }
}
