package io.morsel.prefetch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The replays of one layer: which parts of them are fetched at once and which wait, and what of
 * them was of use. Safe for use by many threads.
 */
final class LayerReplays {
  /**
   * What the network brings in this time is fetched once it is known to be used: until then it
   * would only take processors from the start. What takes longer is fetched on the chance once a
   * container is made.
   */
  private static final long FAST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** How long a replay waits to be told what is used: a container that starts later has its own. */
  private static final long HOLD_NANOS = TimeUnit.MINUTES.toNanos(2);

  private final LayerData layer;

  /** Replays that wait to be told what is used; replaced as a whole, and empty nearly always. */
  private volatile HeldReplay[] held = {};

  /** Chunks that were absent when their replay was planned, and that no recorded start has used. */
  private volatile @Nullable PresentBitmap replayed;

  LayerReplays(LayerData layer) {
    this.layer = layer;
  }

  /** Fetches what the replay has of this layer and is absent, for readers to come. */
  void replay(ReplayOrder order, ImageReplay image) {
    List<ReplayOrder.Place> places = order.places();
    long unlikelyNanos = layer.scheduler.link.nanosFor(image.unlikelyBytes());
    boolean isFast = unlikelyNanos > 0 && unlikelyNanos <= FAST_NANOS;
    if (isFast || !image.isStarted()) {
      List<ReplayOrder.Place> likely = new ArrayList<>();
      List<ReplayOrder.Place> rest = new ArrayList<>();
      for (ReplayOrder.Place place : places) {
        (image.isLikely(place) ? likely : rest).add(place);
      }
      if (!rest.isEmpty()) {
        hold(new HeldReplay(this, image, rest, !isFast));
      }
      places = likely;
    }
    fetch(places, image.budget());
  }

  private void hold(HeldReplay more) {
    more.image().hold(more);
    synchronized (this) {
      held = Stream.concat(Arrays.stream(held), Stream.of(more)).toArray(HeldReplay[]::new);
    }
    layer.scheduler.schedule(() -> drop(more), HOLD_NANOS);
  }

  private void drop(HeldReplay old) {
    old.image().drop(old);
    synchronized (this) {
      held = Arrays.stream(held).filter(each -> each != old).toArray(HeldReplay[]::new);
    }
  }

  /** Fetches what is absent of these places, what is used first first. */
  void fetch(List<ReplayOrder.Place> places, ByteBudget budget) {
    if (places.isEmpty() || !layer.users.enter()) {
      return;
    }
    try {
      List<ReplayRun.Step> steps =
          ReplayPlan.of(
              layer.table(),
              layer.present,
              places,
              budget,
              ReplayPlan.Pace.of(layer.scheduler.link, layer.servesRanges()));
      if (!steps.isEmpty()) {
        observe(steps);
        layer.startReplay(steps);
      }
    } finally {
      layer.users.exit();
    }
  }

  private void observe(List<ReplayRun.Step> steps) {
    int chunks = 0;
    long dataBytes = 0;
    synchronized (this) {
      PresentBitmap marks = replayed;
      if (marks == null) {
        marks = new PresentBitmap(layer.table().count());
        replayed = marks;
      }
      for (ReplayRun.Step step : steps) {
        for (int chunk : step.chunks().toArray()) {
          if (marks.set(chunk)) {
            chunks++;
            dataBytes += layer.table().dataLength(chunk);
          }
        }
      }
    }
    layer.scheduler.observer.replayed(chunks, dataBytes);
  }

  /** A reader found something of these chunks absent, which may tell what else will be used. */
  void missed(int first, int end) {
    for (HeldReplay each : held) {
      PresentBitmap present = layer.present;
      for (int i = present.nextAbsent(first, end); i < end; i = present.nextAbsent(i + 1, end)) {
        each.missed(layer.table().blobOffset(i));
      }
    }
  }

  /** A recorded start used the chunk for the first time. */
  void firstUsed(int chunk) {
    PresentBitmap marks = replayed;
    if (marks == null || !marks.get(chunk)) {
      return;
    }
    synchronized (this) {
      if (!marks.clear(chunk)) {
        return;
      }
    }
    layer.scheduler.observer.replayUsed(layer.table().dataLength(chunk));
  }

  /** The layer's name, for threads and messages. */
  String name() {
    return layer.name();
  }
}
