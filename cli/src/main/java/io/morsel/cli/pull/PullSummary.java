package io.morsel.cli.pull;

import java.util.List;

/**
 * What a pull did.
 *
 * @param image the image's name in containerd
 * @param digest the digest of what the reference names, an index or a manifest
 * @param layers the layers, the lowest first
 * @param millis how long the pull took
 * @param bytesFetched what was read from the registry for it, layers included
 */
public record PullSummary(
    String image, String digest, List<Layer> layers, long millis, long bytesFetched) {
  /** Copies the layers. */
  public PullSummary {
    layers = List.copyOf(layers);
  }

  /** How containerd came by a layer. */
  public enum Outcome {
    /** The snapshotter shows the layer and fetches what is read of it. */
    LAZY,
    /** The layer was fetched and unpacked. */
    FULL,
    /** The layer had been there before. */
    PRESENT
  }

  /**
   * One layer.
   *
   * @param digest the compressed layer's digest
   * @param sizeBytes its size
   * @param chainId the name of its snapshot
   * @param outcome how containerd came by it
   * @param note why it is so, where there is something to say; else empty
   */
  public record Layer(
      String digest, long sizeBytes, String chainId, Outcome outcome, String note) {}

  /** How many layers have this outcome. */
  public long count(Outcome outcome) {
    return layers.stream().filter(layer -> layer.outcome() == outcome).count();
  }

  /** The size of all layers together, compressed. */
  public long imageBytes() {
    return layers.stream().mapToLong(Layer::sizeBytes).sum();
  }
}
