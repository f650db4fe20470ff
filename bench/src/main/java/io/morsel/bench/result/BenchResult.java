package io.morsel.bench.result;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One run of the bench, as {@code --json} writes it.
 *
 * @param schema version of this format
 * @param commit of Morsel that was measured; ends in {@code -dirty} where the checkout had changes
 * @param began when, ISO 8601 in UTC
 * @param command that reproduces the run
 * @param settings what was asked for, by option
 * @param remarks what the figures can't carry: noise, shared cores, the network's model
 */
public record BenchResult(
    int schema,
    String commit,
    String began,
    long durationMillis,
    String command,
    Map<String, String> settings,
    Machine machine,
    List<Cell> cells,
    List<String> remarks) {
  /** Copies the collections, in their order. */
  public BenchResult {
    Objects.requireNonNull(commit, "commit is null");
    Objects.requireNonNull(began, "began is null");
    Objects.requireNonNull(command, "command is null");
    Objects.requireNonNull(machine, "machine is null");
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    cells = List.copyOf(cells);
    remarks = List.copyOf(remarks);
  }

  /** The version that this code writes, and the only one that it reads. */
  public static final int SCHEMA = 1;
}
