package io.morsel.prefetch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/**
 * The part of a layer's replay that is held back, since only few of the earlier starts used it.
 * Safe for use by many threads.
 */
final class HeldReplay {
  private final LayerReplays layer;
  private final ImageReplay image;
  private final boolean untilStarted;
  private final List<ReplayOrder.Place> byOffset;

  /** What is still held, in the order of use; guarded by this. */
  private List<ReplayOrder.Place> places;

  /**
   * Holds these places of the layer, which are in the order of their use.
   *
   * @param untilStarted whether they are fetched as soon as a container is made, whatever it runs
   */
  HeldReplay(
      LayerReplays layer, ImageReplay image, List<ReplayOrder.Place> places, boolean untilStarted) {
    this.layer = layer;
    this.image = image;
    this.untilStarted = untilStarted;
    this.places = places;
    this.byOffset =
        places.stream().sorted(Comparator.comparingLong(ReplayOrder.Place::blobOffset)).toList();
  }

  /** Whose it is. */
  ImageReplay image() {
    return image;
  }

  /** A reader misses the chunk whose compressed stream starts here. */
  void missed(long blobOffset) {
    int low = 0;
    int high = byOffset.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      ReplayOrder.Place place = byOffset.get(middle);
      if (place.blobOffset() == blobOffset) {
        image.missed(place.usedBy());
        return;
      }
      if (place.blobOffset() < blobOffset) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
  }

  /** A container is being made of the image. */
  void started() {
    if (untilStarted) {
      release(_ -> true);
    }
  }

  /** Fetches what has become likely. */
  void release() {
    release(image::isLikely);
  }

  /** On another thread than the caller's, whom a container waits for. */
  private void release(Predicate<ReplayOrder.Place> wanted) {
    Thread.ofVirtual().name("replay " + layer.name()).start(() -> fetch(wanted));
  }

  private void fetch(Predicate<ReplayOrder.Place> wanted) {
    List<ReplayOrder.Place> likely = new ArrayList<>();
    synchronized (this) {
      List<ReplayOrder.Place> rest = new ArrayList<>();
      for (ReplayOrder.Place place : places) {
        (wanted.test(place) ? likely : rest).add(place);
      }
      places = rest;
    }
    layer.fetch(likely, image.budget());
  }
}
