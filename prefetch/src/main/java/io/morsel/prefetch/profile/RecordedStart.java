package io.morsel.prefetch.profile;

import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What one start of a container used of its image.
 *
 * @param time when it was recorded
 * @param uses what was used, in the order of its first use; each place once
 */
public record RecordedStart(Instant time, List<ChunkUse> uses) {
  /** The most that a start is taken to use; what it uses later than that is left out. */
  public static final int MAX_USES = 20_000;

  /** From this part of common uses on, of all that either has, two starts count as the same. */
  private static final double SAME = 0.8;

  /** Leaves out repetitions, of which the largest counts, and what is too much. */
  public RecordedStart {
    Map<ChunkUse.Place, ChunkUse> once = new LinkedHashMap<>();
    for (ChunkUse use : uses) {
      if (once.size() < MAX_USES || once.containsKey(use.place())) {
        once.merge(use.place(), use, (a, b) -> a.blobBytes() >= b.blobBytes() ? a : b);
      }
    }
    uses = List.copyOf(once.values());
  }

  /** The compressed bytes that it used. */
  public long blobBytes() {
    return uses.stream().mapToLong(ChunkUse::blobBytes).sum();
  }

  Set<ChunkUse.Place> places() {
    return uses.stream().map(ChunkUse::place).collect(Collectors.toSet());
  }

  /**
   * Whether this is likely to be a start of the same program with the same purpose: nobody tells
   * what a container runs, and its first reads alone are those of any program that shares an
   * interpreter.
   */
  boolean isLike(RecordedStart other) {
    Set<ChunkUse.Place> own = places();
    Set<ChunkUse.Place> others = other.places();
    Set<ChunkUse.Place> common = new HashSet<>(own);
    common.retainAll(others);
    return common.size() >= SAME * (own.size() + others.size() - common.size());
  }

  /** How large a part of the uses is in {@code known}, from 0 to 1. */
  double partIn(Collection<ChunkUse.Place> known) {
    return uses.isEmpty()
        ? 1
        : (double) uses.stream().filter(use -> known.contains(use.place())).count() / uses.size();
  }
}
