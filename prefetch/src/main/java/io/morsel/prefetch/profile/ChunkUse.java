package io.morsel.prefetch.profile;

/**
 * A part of a layer that a start used: the compressed stream of one chunk or several.
 *
 * @param layer the layer's place in its profile's list
 * @param blobOffset where the stream starts in the layer's blob
 * @param blobBytes how many bytes of the blob were needed from there
 */
public record ChunkUse(int layer, long blobOffset, long blobBytes) {
  /** Checks that nothing is negative. */
  public ChunkUse {
    if (layer < 0 || blobOffset < 0 || blobBytes < 0) {
      throw new IllegalArgumentException(layer + ", " + blobOffset + ", " + blobBytes);
    }
  }

  /** What tells one use from another. */
  record Place(int layer, long blobOffset) {}

  Place place() {
    return new Place(layer, blobOffset);
  }
}
