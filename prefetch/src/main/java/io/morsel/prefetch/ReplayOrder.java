package io.morsel.prefetch;

import java.util.List;

/**
 * What to fetch of a layer, what is used first first.
 *
 * @param places where in the blob it stands, each offset once
 */
public record ReplayOrder(List<Place> places) {
  /**
   * A chunk's place.
   *
   * @param blobOffset where its compressed stream starts; where no chunk's does, it is ignored
   * @param blobBytes how many bytes of the blob it takes; only an estimate is made of it
   * @param rank how much of the image is used before it, in bytes: over all layers of an image, and
   *     of a node, the lower goes first
   * @param usedBy the earlier starts that used it, a bit each
   */
  public record Place(long blobOffset, long blobBytes, long rank, long usedBy) {}

  /** Copies the list. */
  public ReplayOrder {
    places = List.copyOf(places);
  }
}
