package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import io.morsel.bench.result.Sample;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Small results for tests. */
final class SmallResults {
  static final Machine MACHINE =
      new Machine("cpu", 2, 25_000_000_000L, "6.18", "Debian", Map.of("java", "25"));

  private SmallResults() {}

  static BenchResult of(Cell... cells) {
    return on(MACHINE, Map.of(), cells);
  }

  static BenchResult on(Machine machine, Map<String, String> settings, Cell... cells) {
    return new BenchResult(
        BenchResult.SCHEMA,
        "0123abc",
        "2026-11-24T21:14:05Z",
        1234,
        "./bench/run",
        settings,
        machine,
        List.of(cells),
        List.of());
  }

  static CellKey cold(String workload, String mode) {
    return new CellKey("cold", "local", workload, mode, "total_millis", "ms");
  }

  static Cell cell(CellKey key, double... values) {
    return Cell.of(
        key, IntStream.range(0, values.length).mapToObj(i -> Sample.of(i + 1, values[i])).toList());
  }

  static Cell voided(CellKey key, String reason) {
    return Cell.of(key, List.of(Sample.voided(1, reason)));
  }
}
