package io.morsel.bench.run;

import io.morsel.bench.net.Calibration;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Links;
import io.morsel.bench.net.Net;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The ways to the registry of one run, one for each network, open until the run ends. Not safe for
 * use by many threads.
 */
final class OpenLinks implements AutoCloseable {
  private final int registryPort;
  private final Map<Net, Link> links = new LinkedHashMap<>();
  private final Map<Net, Calibration> calibrations = new LinkedHashMap<>();

  OpenLinks(int registryPort) {
    this.registryPort = registryPort;
  }

  /** The way to the registry through a network. */
  Link link(Net net) {
    return links.computeIfAbsent(net, n -> Links.open(n, registryPort));
  }

  /** What the network achieves on this machine, measured once. */
  Calibration calibration(Net net) {
    return calibrations.computeIfAbsent(net, Calibration::measure);
  }

  @Override
  public void close() {
    links.values().forEach(Link::close);
  }
}
