package io.morsel.prefetch;

import io.morsel.registry.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What earlier starts of an image used, to be fetched ahead for one more, over all of its layers.
 *
 * <p>Nobody tells which program the next container runs, and programs of one image share less than
 * each of them uses. What most of the earlier starts used is fetched at once. The rest is held back
 * until a reader misses something that only some of the starts used: then the next container runs
 * what those ran. Where the network is slow, all of it is fetched once a container is made: there a
 * network that does nothing costs more than bytes that nobody uses.
 *
 * <p>Safe for use by many threads.
 */
public final class ImageReplay {
  private final Map<Digest, ReplayOrder> orders;
  private final ByteBudget budget;
  private final long unlikelyBytes;

  /** The starts that the next one may be like, a bit each; guarded by this. */
  private long candidates;

  /** Guarded by this. */
  private final List<HeldReplay> held = new ArrayList<>();

  /** Whether a container is being made of the image; guarded by this. */
  private boolean started;

  /**
   * A replay that has not begun.
   *
   * @param orders what was used of each layer
   * @param starts how many starts that was, at most 64
   * @param budget what it may cost, gaps that requests read over included
   */
  public ImageReplay(Map<Digest, ReplayOrder> orders, int starts, ByteBudget budget) {
    if (starts < 0 || starts > Long.SIZE) {
      throw new IllegalArgumentException(starts + " starts");
    }
    this.orders = Map.copyOf(orders);
    this.budget = budget;
    this.candidates = starts == 0 ? 0 : -1L >>> (Long.SIZE - starts);
    long bytes = 0;
    for (ReplayOrder order : this.orders.values()) {
      for (ReplayOrder.Place place : order.places()) {
        if (!isLikely(place)) {
          bytes += place.blobBytes();
        }
      }
    }
    this.unlikelyBytes = bytes;
  }

  /** A replay of nothing. */
  public static ImageReplay nothing() {
    return new ImageReplay(Map.of(), 0, new ByteBudget(0));
  }

  /** What there is to fetch of a layer, which may be nothing. */
  ReplayOrder order(Digest layer) {
    return orders.getOrDefault(layer, new ReplayOrder(List.of()));
  }

  /** What it may still cost. */
  ByteBudget budget() {
    return budget;
  }

  /** How much of the image, in bytes of its blobs, only a few of the starts used. */
  long unlikelyBytes() {
    return unlikelyBytes;
  }

  /** Whether most of the starts that the next one may be like used this. */
  synchronized boolean isLikely(ReplayOrder.Place place) {
    return 2 * Long.bitCount(place.usedBy() & candidates) > Long.bitCount(candidates);
  }

  /** Whether a container is being made of the image. */
  synchronized boolean isStarted() {
    return started;
  }

  /** A layer has something to fetch later. */
  void hold(HeldReplay layer) {
    boolean late;
    synchronized (this) {
      held.add(layer);
      late = started;
    }
    if (late) {
      layer.started();
    }
  }

  /** A container is being made of the image. */
  public void started() {
    List<HeldReplay> layers;
    synchronized (this) {
      started = true;
      layers = List.copyOf(held);
    }
    layers.forEach(HeldReplay::started);
  }

  /** Forgets what was held. */
  synchronized void drop(HeldReplay layer) {
    held.remove(layer);
  }

  /**
   * A reader misses something that these starts used: what they used, and what else is likely now,
   * is fetched.
   */
  void missed(long usedBy) {
    List<HeldReplay> layers;
    synchronized (this) {
      long common = candidates & usedBy;
      long left = common == 0 ? usedBy : common;
      if (left == candidates) {
        return;
      }
      candidates = left;
      layers = List.copyOf(held);
    }
    layers.forEach(HeldReplay::release);
  }
}
