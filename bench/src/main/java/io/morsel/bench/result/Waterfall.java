package io.morsel.bench.result;

import java.util.List;

/**
 * One start of a container, taken apart: its phases, and every request to the registry.
 *
 * @param title what was started, over which network, and by what
 * @param phases one after the other, from the moment the pull began
 * @param requests in the order in which they were sent
 */
public record Waterfall(String title, List<Phase> phases, List<Request> requests) {
  /** Makes the lists immutable. */
  public Waterfall {
    phases = List.copyOf(phases);
    requests = List.copyOf(requests);
  }

  /** From the moment the pull began until the first output, in milliseconds. */
  public double totalMillis() {
    return phases.stream().mapToDouble(Phase::millis).sum();
  }

  /** What the start was doing for so long. */
  public record Phase(String name, double millis) {}

  /**
   * One request; times are in milliseconds since the pull began.
   *
   * @param what was asked for: {@code manifest}, {@code layer 2} and the like
   * @param layer the number of the layer from below, from 1; 0 for what is no layer
   * @param sentMillis when it was sent
   * @param firstMillis when the answer began
   * @param endMillis when the answer ended
   * @param receivedBytes the answer's size
   */
  public record Request(
      String what,
      int layer,
      double sentMillis,
      double firstMillis,
      double endMillis,
      long receivedBytes) {}
}
