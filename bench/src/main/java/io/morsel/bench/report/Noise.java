package io.morsel.bench.report;

import java.util.Arrays;

/**
 * Tells a change from what two runs of the same thing differ by anyway.
 *
 * <p>With {@value #RANK_TEST_SAMPLES} samples or more on both sides it is the rank test of Mann,
 * Whitney and Wilcoxon, exact and two-sided: it asks nothing of the distribution, and times have
 * long tails. A comparison makes hundreds of tests at once, of which one in twenty would be a false
 * alarm at the usual level; so the level is {@value #LEVEL}. With five samples on both sides that
 * is just when their ranges do not overlap.
 *
 * <p>With fewer samples no order of them is improbable enough. Then a change counts where the gap
 * between the ranges is wider than the wider range. A single sample says nothing of how far samples
 * lie apart: where one side has no more, only a change of the median by {@value
 * #SINGLE_SAMPLE_SHARE} or more counts.
 */
final class Noise {
  private static final int RANK_TEST_SAMPLES = 5;
  private static final double LEVEL = 0.01;
  private static final double SINGLE_SAMPLE_SHARE = 0.25;

  /** Up to this many samples in all, orders are counted; beyond, they are approximated. */
  private static final int MAX_EXACT = 60;

  private Noise() {}

  /** Whether samples differ by more than noise; each side has at least one. */
  static boolean isExceeded(double[] a, double[] b) {
    double[] first = a.clone();
    double[] second = b.clone();
    Arrays.sort(first);
    Arrays.sort(second);
    int fewest = Math.min(first.length, second.length);
    if (fewest >= RANK_TEST_SAMPLES) {
      return probability(first, second) <= LEVEL;
    }
    double gap = Math.max(second[0] - last(first), first[0] - last(second));
    if (fewest > 1) {
      return gap > 0 && gap > Math.max(last(first) - first[0], last(second) - second[0]);
    }
    double before = middle(first);
    return gap > 0 && Math.abs(middle(second) - before) >= SINGLE_SAMPLE_SHARE * Math.abs(before);
  }

  private static double last(double[] sorted) {
    return sorted[sorted.length - 1];
  }

  private static double middle(double[] sorted) {
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** How probable ranks this uneven are where both sides are samples of the same thing. */
  static double probability(double[] a, double[] b) {
    double[] all = new double[a.length + b.length];
    System.arraycopy(a, 0, all, 0, a.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    int[] ranks = doubledRanks(all);
    int sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ranks[i];
    }
    return all.length <= MAX_EXACT
        ? exact(ranks, a.length, sum)
        : approximate(ranks, a.length, sum);
  }

  /** Twice the rank of each value, so that values that are equal share a whole number. */
  private static int[] doubledRanks(double[] values) {
    int[] ranks = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      int less = 0;
      int equal = 0;
      for (double other : values) {
        less += other < values[i] ? 1 : 0;
        equal += other == values[i] ? 1 : 0;
      }
      ranks[i] = 2 * less + equal + 1;
    }
    return ranks;
  }

  /** Counts the choices of {@code chosen} ranks whose sum is as far from the expected one. */
  private static double exact(int[] ranks, int chosen, int sum) {
    int total = Arrays.stream(ranks).sum();
    double[][] ways = new double[chosen + 1][total + 1];
    ways[0][0] = 1;
    for (int rank : ranks) {
      for (int n = chosen; n >= 1; n--) {
        for (int s = total; s >= rank; s--) {
          ways[n][s] += ways[n - 1][s - rank];
        }
      }
    }
    double expected = (double) total * chosen / ranks.length;
    double far = Math.abs(sum - expected) - 1e-9;
    double all = 0;
    double extreme = 0;
    for (int s = 0; s <= total; s++) {
      all += ways[chosen][s];
      extreme += Math.abs(s - expected) >= far ? ways[chosen][s] : 0;
    }
    return extreme / all;
  }

  /** The normal distribution instead, which is close where there are many samples. */
  private static double approximate(int[] ranks, int chosen, int sum) {
    double mean = Arrays.stream(ranks).average().orElse(0);
    double variance = Arrays.stream(ranks).mapToDouble(r -> (r - mean) * (r - mean)).sum();
    int n = ranks.length;
    double deviation = Math.sqrt(variance * chosen * (n - chosen) / ((double) n * (n - 1)));
    if (deviation == 0) {
      return 1;
    }
    double z = Math.abs(sum - mean * chosen) / deviation;
    // An upper bound of the tail, by Chernoff: never calls more a change than there is.
    return Math.min(1, 2 * Math.exp(-z * z / 2));
  }
}
