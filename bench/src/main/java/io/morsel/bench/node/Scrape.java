package io.morsel.bench.node;

import io.morsel.bench.host.Http;
import java.util.stream.Stream;

/** Reads metrics in Prometheus' text format. */
final class Scrape {
  private Scrape() {}

  /**
   * The sum over every series of this name whose labels contain {@code labels}.
   *
   * @param address host and port of who serves them
   */
  static double sum(String address, String name, String... labels) {
    return Http.get("http://" + address + "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .filter(line -> Stream.of(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
