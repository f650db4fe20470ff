package io.morsel.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class NoiseTest {
  @Test
  void rankTestAgreesWithPublishedTables() {
    // U = 0 for 5 and 5: 2 of 252 choices; U = 2: 8 of them; nothing apart: all.
    assertThat(Noise.probability(values(1, 2, 3, 4, 5), values(6, 7, 8, 9, 10)))
        .isCloseTo(2 / 252.0, within(1e-12));
    assertThat(Noise.probability(values(1, 2, 3, 4, 7), values(5, 6, 8, 9, 10)))
        .isCloseTo(8 / 252.0, within(1e-12));
    assertThat(Noise.probability(values(7, 7, 7, 7, 7), values(7, 7, 7, 7, 7))).isEqualTo(1);
  }

  @Test
  void fiveSamplesThatDoNotOverlapAreBeyondNoise() {
    assertThat(Noise.isExceeded(values(10, 11, 12, 13, 14), values(15, 16, 17, 18, 19))).isTrue();
    assertThat(Noise.isExceeded(values(10, 11, 12, 13, 16), values(15, 17, 18, 19, 20))).isFalse();
  }

  @Test
  void moreSamplesTellASmallerShiftAndOneOutlierHidesNothing() {
    double[] before = IntStream.range(0, 15).mapToDouble(i -> 100 + i).toArray();
    double[] after = IntStream.range(0, 15).mapToDouble(i -> 110 + i).toArray();
    after[3] = 90;

    assertThat(Noise.isExceeded(before, after)).isTrue();
  }

  @Test
  void fewSamplesMustLieFurtherApartThanTheyAreWide() {
    assertThat(Noise.isExceeded(values(10, 12, 11), values(13, 14, 15))).isFalse();
    assertThat(Noise.isExceeded(values(10, 12, 11), values(15, 16, 17))).isTrue();
    assertThat(Noise.isExceeded(values(15, 16, 17), values(10, 12, 11))).isTrue();
  }

  @Test
  void aSingleSampleCountsForLargeChangesOnly() {
    assertThat(Noise.isExceeded(values(100), values(110))).isFalse();
    assertThat(Noise.isExceeded(values(100), values(125))).isTrue();
    assertThat(Noise.isExceeded(values(100), values(90, 130))).isFalse();
    assertThat(Noise.isExceeded(values(0), values(1))).isTrue();
    assertThat(Noise.isExceeded(values(0), values(0))).isFalse();
  }

  @Test
  void samplesOfTheSameThingAreSeldomCalledChanged() {
    long seed = 20261124;
    Random random = new Random(seed);
    int runs = 2000;
    int alarms = 0;
    for (int run = 0; run < runs; run++) {
      int count = 5 + random.nextInt(4);
      alarms += Noise.isExceeded(times(random, count), times(random, count)) ? 1 : 0;
    }
    // One in a hundred is the level; with 2000 runs, four deviations more are 38.
    assertThat(alarms).as("seed %d", seed).isLessThan(38);
  }

  @Test
  void manySamplesAreApproximatedOnTheSafeSide() {
    double[] before = IntStream.range(0, 40).mapToDouble(i -> 100 + i).toArray();
    double[] after = IntStream.range(0, 40).mapToDouble(i -> 130 + i).toArray();

    assertThat(Noise.isExceeded(before, after)).isTrue();
    assertThat(Noise.isExceeded(before, before)).isFalse();
  }

  private static double[] times(Random random, int count) {
    return IntStream.range(0, count)
        .mapToDouble(_ -> 100 * Math.exp(0.2 * random.nextGaussian()))
        .toArray();
  }

  private static double[] values(double... values) {
    return values;
  }
}
