package io.morsel.bench.command;

import io.morsel.bench.image.Size;
import java.util.List;

/**
 * What is measured where the command line does not say otherwise.
 *
 * @param workloads of {@code cold}; empty for all
 */
record Defaults(
    List<String> nets,
    List<String> workloads,
    List<Integer> shares,
    int rounds,
    List<Integer> starts,
    List<Integer> mountedLayers,
    List<Integer> nodes) {
  static Defaults of(Size size) {
    return switch (size) {
      case FULL ->
          new Defaults(
              List.of("local", "1g", "100m"),
              List.of(),
              List.of(1, 5, 25, 50, 100),
              5,
              List.of(1, 10, 50, 200),
              List.of(10, 50, 100, 250, 500),
              List.of(1, 4, 16, 64));
      case QUICK ->
          new Defaults(
              List.of("local", "100m"),
              List.of("python-hello"),
              List.of(100),
              2,
              List.of(1, 10),
              List.of(10, 50),
              List.of(1, 4));
      case SMOKE ->
          new Defaults(
              List.of("local", "100m"),
              List.of(),
              List.of(1, 100),
              1,
              List.of(1, 3),
              List.of(2, 4),
              List.of(1, 2, 3));
    };
  }
}
