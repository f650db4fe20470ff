package io.morsel.bench.result;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects samples while a run goes on. Safe for use by many threads. */
public final class Recorder {
  private final Map<CellKey, List<Sample>> samples = new LinkedHashMap<>();

  /** Notes a figure of a round. */
  public void add(CellKey key, int round, double value) {
    add(key, Sample.of(round, value));
  }

  /** Notes a figure of a round that is a number of things. */
  public void add(CellKey key, int round, long value) {
    add(key, Sample.of(round, (double) value));
  }

  /** Notes that a round has no figure, and why. */
  public void addVoid(CellKey key, int round, String reason) {
    add(key, Sample.voided(round, reason));
  }

  private synchronized void add(CellKey key, Sample sample) {
    samples.computeIfAbsent(key, _ -> new ArrayList<>()).add(sample);
  }

  /** The samples noted so far for a figure. */
  public synchronized List<Sample> samples(CellKey key) {
    return List.copyOf(samples.getOrDefault(key, List.of()));
  }

  /** Everything noted so far, in the order in which each figure first came. */
  public synchronized List<Cell> cells() {
    return samples.entrySet().stream().map(e -> Cell.of(e.getKey(), e.getValue())).toList();
  }
}
