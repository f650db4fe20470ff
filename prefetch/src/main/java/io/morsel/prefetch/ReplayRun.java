package io.morsel.prefetch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The replay of what earlier starts read of a layer: step after step, each sorted for the wire.
 * Guarded by the scheduler's lock.
 */
final class ReplayRun implements BulkRun {
  /** Chunks that are used at about the same time. */
  static final class Step {
    private final long rank;
    private final long gapBytes;
    private final int[] chunks;

    /**
     * A step.
     *
     * @param rank how much of the image is used before them, in bytes; compares layers
     * @param gapBytes how much between two of them is read over at most
     */
    Step(long rank, long gapBytes, Collection<Integer> chunks) {
      this.rank = rank;
      this.gapBytes = gapBytes;
      this.chunks = chunks.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** The chunks in the order of the layer's data. */
    IntStream chunks() {
      return Arrays.stream(chunks);
    }
  }

  private final List<Step> steps = new ArrayList<>();
  private final BitSet members = new BitSet();
  private int step;
  private int next;

  /** A replay of nothing yet. */
  ReplayRun() {}

  /** Adds what is not a part of the replay yet, to come after what is. */
  void add(List<Step> more) {
    for (Step each : more) {
      List<Integer> chunks = each.chunks().filter(c -> !members.get(c)).boxed().toList();
      if (!chunks.isEmpty()) {
        chunks.forEach(members::set);
        steps.add(new Step(each.rank, each.gapBytes, chunks));
      }
    }
  }

  /** How much of the image is used before what comes next. */
  long rank() {
    return isDone() ? Long.MAX_VALUE : steps.get(step).rank;
  }

  /** Whether the chunk belongs to the replay, now or later. */
  boolean isMember(int chunk) {
    return members.get(chunk);
  }

  @Override
  public int next(IntPredicate isWanted) {
    while (!isDone()) {
      int[] chunks = steps.get(step).chunks;
      while (next < chunks.length) {
        int chunk = chunks[next++];
        if (isWanted.test(chunk)) {
          return chunk;
        }
      }
      step++;
      next = 0;
    }
    return -1;
  }

  /** The chunks of the present step, in the order of the layer's data. */
  IntStream present() {
    return isDone() ? IntStream.empty() : steps.get(step).chunks();
  }

  @Override
  public boolean includes(int chunk) {
    return !isDone() && Arrays.binarySearch(steps.get(step).chunks, chunk) >= 0;
  }

  @Override
  public long gapBytes(LinkEstimate link) {
    return isDone() ? 0 : steps.get(step).gapBytes;
  }

  @Override
  public void planned(int chunk) {
    // It is no longer wanted when its turn comes.
  }

  @Override
  public void rewind(int chunk) {
    if (!members.get(chunk)) {
      return;
    }
    for (int i = 0; i <= Math.min(step, steps.size() - 1); i++) {
      int at = Arrays.binarySearch(steps.get(i).chunks, chunk);
      if (at >= 0) {
        next = i < step ? at : Math.min(next, at);
        step = i;
        return;
      }
    }
  }

  @Override
  public boolean isDone() {
    return step >= steps.size();
  }
}
