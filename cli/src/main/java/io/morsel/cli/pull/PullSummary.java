package io.morsel.cli.pull;

import io.morsel.cli.image.LazyBytes;
import java.util.List;
import java.util.Optional;

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
   * @param lazyBytes how far it is, if it is lazy and the snapshotter says so
   */
  public record Layer(
      String digest,
      long sizeBytes,
      String chainId,
      Outcome outcome,
      String note,
      Optional<LazyBytes> lazyBytes) {
    /** The same, when it has come so far. */
    Layer at(Optional<LazyBytes> now) {
      return new Layer(digest, sizeBytes, chainId, outcome, note, now);
    }
  }

  /** How many layers have this outcome. */
  public long count(Outcome outcome) {
    return layers.stream().filter(layer -> layer.outcome() == outcome).count();
  }

  /** How far all those together are of which it is known; empty where it is known of none. */
  public Optional<LazyBytes> lazyBytes() {
    return layers.stream().flatMap(layer -> layer.lazyBytes().stream()).reduce(LazyBytes::plus);
  }

  /** The size of all layers together, compressed. */
  public long imageBytes() {
    return layers.stream().mapToLong(Layer::sizeBytes).sum();
  }
}
