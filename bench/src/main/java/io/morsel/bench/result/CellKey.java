package io.morsel.bench.result;

/**
 * What one figure is about.
 *
 * @param group which kind of measurement: {@code cold}, {@code total}, {@code steady}, {@code
 *     scale}, {@code fleet} or {@code micro}
 * @param net the network between client and registry, as {@code --net} names it; {@code local}
 *     where there is none
 * @param workload what ran, such as {@code python-hello}; in {@code scale} and {@code fleet} it
 *     ends in {@code -N}, how many there were
 * @param mode what it ran on: {@code overlayfs}, {@code morsel}, a peer's name, {@code limit}
 * @param metric what was measured, such as {@code total_millis}
 * @param unit the metric's unit: {@code ms}, {@code s}, {@code bytes}, {@code requests}, {@code
 *     ratio}, {@code MB/s}, {@code op/s}, {@code us}, {@code ns}, {@code entries}
 */
public record CellKey(
    String group, String net, String workload, String mode, String metric, String unit) {
  /** Whether a larger value is the better one. */
  public boolean largerIsBetter() {
    return unit.endsWith("/s");
  }
}
