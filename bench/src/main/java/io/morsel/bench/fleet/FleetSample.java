package io.morsel.bench.fleet;

import io.morsel.bench.net.Traffic;
import java.util.List;

/**
 * One start of a fleet.
 *
 * @param upMillis when each node was up, after all had started
 * @param traffic what the registry sent meanwhile
 * @param receivedBytes what each node received of blobs, from whoever served them
 * @param busyShare which share of this machine's processors the nodes took, with the network's
 *     model and the servers that this program runs, 0 to 1
 * @param cacheCpuMillis processor time that the site's cache used
 */
record FleetSample(
    List<Double> upMillis,
    Traffic traffic,
    List<Long> receivedBytes,
    double busyShare,
    double cacheCpuMillis) {
  int nodes() {
    return upMillis.size();
  }

  double lastUpMillis() {
    return upMillis.stream().mapToDouble(Double::doubleValue).max().orElse(0);
  }

  long allReceivedBytes() {
    return receivedBytes.stream().mapToLong(Long::longValue).sum();
  }
}
