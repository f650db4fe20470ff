package io.morsel.bench.report;

import io.morsel.bench.result.CellKey;

/**
 * What became of one figure from one result to another.
 *
 * @param before the median in the first result
 * @param after the median in the second
 * @param beyondNoise whether the samples differ by more than samples of the same thing would
 */
public record Change(CellKey key, double before, double after, boolean beyondNoise) {
  /**
   * By how much the median grew, in percent; less than 0 where it fell, infinite where it grew from
   * 0.
   */
  public double percent() {
    if (after == before) {
      return 0;
    }
    return before == 0
        ? Math.copySign(Double.POSITIVE_INFINITY, after)
        : (after - before) / Math.abs(before) * 100;
  }

  /** Whether the second figure is the worse one, be it by noise. */
  public boolean isWorse() {
    return key.largerIsBetter() ? after < before : after > before;
  }

  /** Whether the figure became worse, beyond noise, by more than this. */
  public boolean isRegressionOver(double percent) {
    return beyondNoise && isWorse() && Math.abs(percent()) > percent;
  }
}
