package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import io.morsel.bench.result.Sample;
import io.morsel.cli.terminal.Quantity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Two results, figure by figure. Immutable. {@link Noise} says when a change counts.
 *
 * @param changes the figures that both results have, in the first one's order, whether they changed
 *     or not
 * @param lost figures of the first result of which the second has void samples only
 * @param gained figures of the second result of which the first has void samples only
 * @param onlyBefore what the second result did not measure
 * @param onlyAfter what the first result did not measure
 * @param warnings why the results may not be comparable: other machines, other settings
 */
public record Comparison(
    List<Change> changes,
    List<CellKey> lost,
    List<CellKey> gained,
    List<CellKey> onlyBefore,
    List<CellKey> onlyAfter,
    List<String> warnings) {
  /** Copies the lists. */
  public Comparison {
    changes = List.copyOf(changes);
    lost = List.copyOf(lost);
    gained = List.copyOf(gained);
    onlyBefore = List.copyOf(onlyBefore);
    onlyAfter = List.copyOf(onlyAfter);
    warnings = List.copyOf(warnings);
  }

  /** Compares the second result with the first. */
  public static Comparison of(BenchResult before, BenchResult after) {
    Map<CellKey, Cell> first = byKey(before);
    Map<CellKey, Cell> second = byKey(after);
    List<Change> changes = new ArrayList<>();
    List<CellKey> lost = new ArrayList<>();
    List<CellKey> gained = new ArrayList<>();
    List<CellKey> onlyBefore = new ArrayList<>();
    first.forEach(
        (key, cell) -> {
          Cell other = second.get(key);
          if (other == null) {
            onlyBefore.add(key);
            return;
          }
          double[] a = values(cell);
          double[] b = values(other);
          if (a.length > 0 && b.length > 0) {
            changes.add(new Change(key, Cell.median(a), Cell.median(b), Noise.isExceeded(a, b)));
          } else if (a.length > 0) {
            lost.add(key);
          } else if (b.length > 0) {
            gained.add(key);
          }
        });
    List<CellKey> onlyAfter =
        second.keySet().stream().filter(key -> !first.containsKey(key)).toList();
    return new Comparison(changes, lost, gained, onlyBefore, onlyAfter, warnings(before, after));
  }

  /**
   * The figures that became worse, beyond noise, by more than this, and those that were lost: what
   * no longer works is no less a regression.
   */
  public List<CellKey> regressionsOver(double percent) {
    List<CellKey> regressions = new ArrayList<>(lost);
    changes.stream()
        .filter(change -> change.isRegressionOver(percent))
        .map(Change::key)
        .forEach(regressions::add);
    return regressions;
  }

  private static Map<CellKey, Cell> byKey(BenchResult result) {
    Map<CellKey, Cell> cells = new LinkedHashMap<>();
    result.cells().forEach(cell -> cells.putIfAbsent(cell.key(), cell));
    return cells;
  }

  private static double[] values(Cell cell) {
    return cell.samples().stream()
        .map(Sample::value)
        .filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue)
        .toArray();
  }

  private static List<String> warnings(BenchResult before, BenchResult after) {
    List<String> warnings = new ArrayList<>();
    Machine a = before.machine();
    Machine b = after.machine();
    differs(warnings, "processor", a.cpu(), b.cpu());
    differs(
        warnings,
        "number of processors",
        String.valueOf(a.processors()),
        String.valueOf(b.processors()));
    // Rounded: kernels of one machine differ in how much they keep for themselves.
    differs(warnings, "memory", Quantity.bytes(a.memoryBytes()), Quantity.bytes(b.memoryBytes()));
    differs(warnings, "kernel", a.kernel(), b.kernel());
    differs(warnings, "system", a.os(), b.os());
    differ(warnings, "version of ", a.versions(), b.versions());
    differ(warnings, "setting ", before.settings(), after.settings());
    return warnings;
  }

  private static void differ(
      List<String> warnings, String what, Map<String, String> a, Map<String, String> b) {
    TreeSet<String> names = new TreeSet<>(a.keySet());
    names.addAll(b.keySet());
    names.forEach(name -> differs(warnings, what + name, a.get(name), b.get(name)));
  }

  private static void differs(
      List<String> warnings, String what, @Nullable String a, @Nullable String b) {
    if (!Objects.equals(a, b)) {
      warnings.add(
          "the %s differs: %s, then %s"
              .formatted(what, a == null ? "none" : a, b == null ? "none" : b));
    }
  }
}
