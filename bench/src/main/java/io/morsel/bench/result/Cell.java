package io.morsel.bench.result;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All samples of one figure, and what they come to: void samples are kept, and counted nowhere.
 *
 * @param median of the samples that count; null, as min and max, where none does
 */
public record Cell(
    String group,
    String net,
    String workload,
    String mode,
    String metric,
    String unit,
    @Nullable Double median,
    @Nullable Double min,
    @Nullable Double max,
    List<Sample> samples) {
  /** Copies the samples. */
  public Cell {
    Objects.requireNonNull(group, "group is null");
    Objects.requireNonNull(net, "net is null");
    Objects.requireNonNull(workload, "workload is null");
    Objects.requireNonNull(mode, "mode is null");
    Objects.requireNonNull(metric, "metric is null");
    Objects.requireNonNull(unit, "unit is null");
    samples = List.copyOf(samples);
  }

  /** Computes median, min and max. */
  public static Cell of(CellKey key, List<Sample> samples) {
    double[] values =
        samples.stream()
            .map(Sample::value)
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .sorted()
            .toArray();
    boolean none = values.length == 0;
    return new Cell(
        key.group(),
        key.net(),
        key.workload(),
        key.mode(),
        key.metric(),
        key.unit(),
        none ? null : median(values),
        none ? null : values[0],
        none ? null : values[values.length - 1],
        samples);
  }

  /** What the figure is about. */
  public CellKey key() {
    return new CellKey(group, net, workload, mode, metric, unit);
  }

  /** The median of values in any order; the mean of the middle two where their number is even. */
  public static double median(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
