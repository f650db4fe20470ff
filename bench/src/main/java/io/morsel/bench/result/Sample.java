package io.morsel.bench.result;

import org.jspecify.annotations.Nullable;

/**
 * One measurement.
 *
 * @param round in which round of the run it was taken, from 1
 * @param value the figure; null where the sample is void
 * @param voidReason why the sample does not count: the run did not do what it claims; null where it
 *     counts
 */
public record Sample(int round, @Nullable Double value, @Nullable String voidReason) {
  /** A sample that counts. */
  public static Sample of(int round, double value) {
    return new Sample(round, value, null);
  }

  /** A sample that does not count, and is shown with its reason. */
  public static Sample voided(int round, String reason) {
    return new Sample(round, null, reason);
  }
}
