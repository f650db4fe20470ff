package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A result's cells, by what they are about and in the order in which they are shown. Immutable. */
final class Figures {
  static final String OVERLAYFS = "overlayfs";
  static final String LIMIT = "limit";

  /** What ends the name of a mode whose figures are computed, not measured. */
  static final String MODEL_SUFFIX = " (model)";

  private static final String MORSEL = "morsel";
  private static final String UNPROFILED = "morsel-unprofiled";
  private static final String TOTAL = "total_millis";

  private final List<Cell> cells;
  private final Map<CellKey, Cell> byKey = new LinkedHashMap<>();
  private final List<String> modes;

  Figures(BenchResult result) {
    cells = result.cells();
    cells.forEach(cell -> byKey.putIfAbsent(cell.key(), cell));
    List<String> seen = cells.stream().map(Cell::mode).distinct().toList();
    modes = seen.stream().sorted(Comparator.comparingInt(mode -> rank(mode, seen))).toList();
  }

  private static int rank(String mode, List<String> seen) {
    return switch (mode) {
      case OVERLAYFS -> -3;
      case MORSEL -> -2;
      case UNPROFILED -> -1;
      case LIMIT -> Integer.MAX_VALUE;
      default -> {
        // A model goes with what it extends.
        int measured = seen.indexOf(measured(mode));
        yield 2 * (measured < 0 ? seen.indexOf(mode) : measured) + (isModel(mode) ? 1 : 0);
      }
    };
  }

  /** Whether a mode's figures are computed, not measured. */
  static boolean isModel(String mode) {
    return mode.endsWith(MODEL_SUFFIX);
  }

  /** The mode that was measured, where this one is its model. */
  static String measured(String mode) {
    return isModel(mode) ? mode.substring(0, mode.length() - MODEL_SUFFIX.length()) : mode;
  }

  /** All modes: overlayfs first, the limit last. */
  List<String> modes() {
    return modes;
  }

  /** The modes of some cells, in the order of {@link #modes}. */
  List<String> modesOf(List<Cell> some) {
    List<String> there = distinct(some, Cell::mode);
    return modes.stream().filter(there::contains).toList();
  }

  /** The groups that have cells, in the result's order. */
  List<String> groups() {
    return distinct(cells, Cell::group);
  }

  /** Those of all cells that are wanted, in the result's order. */
  List<Cell> where(Predicate<Cell> wanted) {
    return cells.stream().filter(wanted).toList();
  }

  /** The different values that cells have, in their order. */
  static List<String> distinct(List<Cell> cells, Function<Cell, String> value) {
    return cells.stream().map(value).distinct().toList();
  }

  /** The cell that differs in its mode only. */
  @Nullable Cell inMode(Cell cell, String mode) {
    return byKey.get(
        new CellKey(cell.group(), cell.net(), cell.workload(), mode, cell.metric(), cell.unit()));
  }

  /** The cell that differs in its metric only. */
  @Nullable Cell inMetric(Cell cell, String metric, String unit) {
    return byKey.get(
        new CellKey(cell.group(), cell.net(), cell.workload(), cell.mode(), metric, unit));
  }

  /** How many times the full pull's figure this one is. */
  OptionalDouble timesOverlayfs(Cell cell) {
    return ratio(cell, inMode(cell, OVERLAYFS));
  }

  /** How many times the limit a total time is, as the run computed it or from both medians. */
  OptionalDouble timesLimit(Cell cell) {
    if (!cell.metric().equals(TOTAL) || cell.mode().equals(LIMIT)) {
      return OptionalDouble.empty();
    }
    Cell computed = inMetric(cell, "times_limit", "ratio");
    return computed != null && computed.median() != null
        ? OptionalDouble.of(computed.median())
        : ratio(cell, inMode(cell, LIMIT));
  }

  private static OptionalDouble ratio(Cell cell, @Nullable Cell base) {
    Double of = cell.median();
    Double to = base == null ? null : base.median();
    return of == null || to == null || !Double.isFinite(of / to)
        ? OptionalDouble.empty()
        : OptionalDouble.of(of / to);
  }

  /** Why samples of a cell count nowhere, a line for each reason: {@code rounds 2, 3: …}. */
  static List<String> voids(Cell cell) {
    Map<String, List<String>> rounds = new LinkedHashMap<>();
    for (Sample sample : cell.samples()) {
      if (sample.value() == null) {
        rounds
            .computeIfAbsent(
                Objects.requireNonNullElse(sample.voidReason(), "no reason given"),
                _ -> new ArrayList<>())
            .add(String.valueOf(sample.round()));
      }
    }
    return rounds.entrySet().stream()
        .map(
            why ->
                "%s %s: %s"
                    .formatted(
                        why.getValue().size() == 1 ? "round" : "rounds",
                        String.join(", ", why.getValue()),
                        why.getKey()))
        .toList();
  }

  /** How many samples of a cell count. */
  static long counted(Cell cell) {
    return cell.samples().stream().filter(sample -> sample.value() != null).count();
  }
}
