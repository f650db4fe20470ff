package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Turns places in a blob, in the order of their use, into the steps of a replay. */
final class ReplayPlan {
  /**
   * What is used first comes in a small step, so that it comes soon: in what the network brings in
   * this time, or in {@link #FIRST_STEP_BYTES}.
   */
  static final long FIRST_STEP_MILLIS = 20;

  /** The least that a first step has. */
  static final long FIRST_STEP_BYTES = 512 << 10;

  /** A later step has time, and the more it holds the fewer requests it takes. */
  private static final long LAST_STEP_BYTES = 4 << 20;

  private record Use(int position, long rank, int chunk) {}

  private ReplayPlan() {}

  /**
   * The steps that fetch what is absent. Offsets at which no chunk is are left out, and so are
   * steps that the budget does not allow for; a step costs what is read over between its chunks,
   * too.
   *
   * @param firstStepBytes how much the first step has, if there is as much; each of the next has
   *     twice as much, up to a bound
   */
  static List<ReplayRun.Step> of(
      ChunkTable table,
      PresentBitmap present,
      ReplayOrder order,
      ByteBudget budget,
      long firstStepBytes) {
    List<ReplayRun.Step> steps = new ArrayList<>();
    List<Integer> step = new ArrayList<>();
    long rank = 0;
    long stepBytes = firstStepBytes;
    long bytes = 0;
    long stream = -1;
    for (Use use : uses(table, present, order)) {
      if (bytes >= stepBytes && table.blobOffset(use.chunk()) != stream) {
        if (!add(steps, rank, step, table, budget)) {
          return steps;
        }
        step.clear();
        bytes = 0;
        stepBytes = Math.max(stepBytes, Math.min(LAST_STEP_BYTES, 2 * stepBytes));
      }
      if (step.isEmpty()) {
        rank = use.rank();
      }
      step.add(use.chunk());
      if (table.blobOffset(use.chunk()) != stream) {
        stream = table.blobOffset(use.chunk());
        bytes += table.blobLength(use.chunk());
      }
    }
    add(steps, rank, step, table, budget);
    return steps;
  }

  /** Absent chunks in the order of their use. */
  private static List<Use> uses(ChunkTable table, PresentBitmap present, ReplayOrder order) {
    List<ReplayOrder.Place> places = order.places();
    int[] byOffset =
        IntStream.range(0, places.size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> places.get(i).blobOffset()))
            .mapToInt(Integer::intValue)
            .toArray();
    long[] offsets = Arrays.stream(byOffset).mapToLong(i -> places.get(i).blobOffset()).toArray();
    List<Use> uses = new ArrayList<>();
    for (int chunk = 0; chunk < table.count(); chunk++) {
      int at = Arrays.binarySearch(offsets, table.blobOffset(chunk));
      if (at >= 0 && !present.get(chunk)) {
        uses.add(new Use(byOffset[at], places.get(byOffset[at]).rank(), chunk));
      }
    }
    uses.sort(Comparator.comparingInt(Use::position).thenComparingInt(Use::chunk));
    return uses;
  }

  private static boolean add(
      List<ReplayRun.Step> steps,
      long rank,
      List<Integer> step,
      ChunkTable table,
      ByteBudget budget) {
    ReplayRun.Step sorted = new ReplayRun.Step(rank, step);
    if (step.isEmpty() || !budget.take(costBytes(table, sorted.chunks().toArray()))) {
      return false;
    }
    steps.add(sorted);
    return true;
  }

  /** What the requests for these chunks bring at most, with the gaps that they read over. */
  private static long costBytes(ChunkTable table, int[] chunks) {
    long cost = 0;
    long start = -1;
    long end = -1;
    for (int chunk : chunks) {
      long from = table.blobOffset(chunk);
      long to = from + table.blobLength(chunk);
      if (from == start) {
        cost += Math.max(0, to - end);
        end = Math.max(end, to);
        continue;
      }
      boolean readsOn = end >= 0 && from >= end && from - end <= LayerFlights.MAX_GAP_BYTES;
      cost += to - (readsOn ? end : from);
      start = from;
      end = to;
    }
    return cost;
  }
}
