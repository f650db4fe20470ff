package io.morsel.bench.fleet;

import io.morsel.bench.result.Cell;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What the samples of one number of nodes come to: medians.
 *
 * @param nodes how many started at once
 * @param lastUpMillis when the last one was up
 * @param registryBytes what the registry sent
 * @param receivedBytes what all nodes received together
 * @param busyShare which share of this machine's processors nodes and servers took, 0 to 1
 * @param cacheCpuMillis processor time that the site's cache used
 */
record FleetPoint(
    int nodes,
    double lastUpMillis,
    double registryBytes,
    double receivedBytes,
    double busyShare,
    double cacheCpuMillis) {
  /** From here on the processors have no time left that would be worth naming. */
  private static final double SATURATED = 0.85;

  /** The point of at least one sample, all of the same number of nodes. */
  static FleetPoint of(List<FleetSample> samples) {
    return new FleetPoint(
        samples.getFirst().nodes(),
        median(samples, FleetSample::lastUpMillis),
        median(samples, sample -> sample.traffic().receivedBytes()),
        median(samples, FleetSample::allReceivedBytes),
        median(samples, FleetSample::busyShare),
        median(samples, FleetSample::cacheCpuMillis));
  }

  private static double median(List<FleetSample> samples, ToDoubleFunction<FleetSample> figure) {
    return Cell.median(samples.stream().mapToDouble(figure).toArray());
  }

  /** Whether this machine's processors decided how long it took, and not what is simulated. */
  boolean isSaturated() {
    return busyShare >= SATURATED;
  }
}
