package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Turns places in a blob, in the order of their use, into the steps of a replay. */
final class ReplayPlan {
  /** The least that a first step has, also where nothing is known of the network yet. */
  static final long FIRST_STEP_BYTES = 512 << 10;

  /**
   * How a network is made use of.
   *
   * @param firstStepBytes how much the first step has, if there is as much: what is used first
   *     comes in a small step, so that it comes soon. Each of the next has twice as much, up to a
   *     bound
   * @param gapBytes what a request reads over rather than ending before it
   */
  record Pace(long firstStepBytes, long gapBytes) {
    private static final long FIRST_STEP_MILLIS = 20;

    /**
     * For the network as it has been of late.
     *
     * @param servesRanges whether a request may leave out what it would read over
     */
    static Pace of(LinkEstimate link, boolean servesRanges) {
      return new Pace(
          Math.max(FIRST_STEP_BYTES, link.bytesIn(FIRST_STEP_MILLIS, FIRST_STEP_BYTES)),
          servesRanges ? LayerFlights.LEAST_GAP_BYTES : LayerFlights.bulkGapBytes(link));
    }
  }

  /** A later step has time, and the more it holds the fewer requests it takes. */
  private static final long LAST_STEP_BYTES = 4 << 20;

  private record Use(int position, long rank, int chunk) {}

  private ReplayPlan() {}

  /**
   * The steps that fetch what is absent. Offsets at which no chunk is are left out, and so are
   * steps that the budget does not allow for; a step costs what is read over between its chunks,
   * too.
   */
  static List<ReplayRun.Step> of(
      ChunkTable table,
      PresentBitmap present,
      List<ReplayOrder.Place> places,
      ByteBudget budget,
      Pace pace) {
    List<ReplayRun.Step> steps = new ArrayList<>();
    List<Integer> step = new ArrayList<>();
    long rank = 0;
    long stepBytes = pace.firstStepBytes();
    long bytes = 0;
    long stream = -1;
    for (Use use : uses(table, present, places)) {
      if (bytes >= stepBytes && table.blobOffset(use.chunk()) != stream) {
        if (!add(steps, rank, step, table, budget, pace)) {
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
    add(steps, rank, step, table, budget, pace);
    return steps;
  }

  /** Absent chunks in the order of their use. */
  private static List<Use> uses(
      ChunkTable table, PresentBitmap present, List<ReplayOrder.Place> places) {
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
      ByteBudget budget,
      Pace pace) {
    ReplayRun.Step sorted = new ReplayRun.Step(rank, pace.gapBytes(), step);
    if (step.isEmpty()
        || !budget.take(costBytes(table, sorted.chunks().toArray(), pace.gapBytes()))) {
      return false;
    }
    steps.add(sorted);
    return true;
  }

  /** What the requests for these chunks bring at most, with the gaps that they read over. */
  private static long costBytes(ChunkTable table, int[] chunks, long gapBytes) {
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
      boolean readsOn = end >= 0 && from >= end && from - end <= gapBytes;
      cost += to - (readsOn ? end : from);
      start = from;
      end = to;
    }
    return cost;
  }
}
