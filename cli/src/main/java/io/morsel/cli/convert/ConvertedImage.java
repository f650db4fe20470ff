package io.morsel.cli.convert;

import io.morsel.registry.Descriptor;
import java.util.List;

/**
 * An image in its new place.
 *
 * @param top the manifest or index that the target's name now means
 * @param manifests the images' manifests, one for each platform
 * @param layers the layers of all of them, each once
 */
public record ConvertedImage(
    Descriptor top, List<Descriptor> manifests, List<ConvertedLayer> layers) {
  /** Copies the collections. */
  public ConvertedImage {
    manifests = List.copyOf(manifests);
    layers = List.copyOf(layers);
  }

  /** How many bytes of layers the image had. */
  public long sourceBytes() {
    return layers.stream().mapToLong(layer -> layer.source().sizeBytes()).sum();
  }

  /** How many bytes of layers the image has now. */
  public long convertedBytes() {
    return layers.stream().mapToLong(layer -> layer.descriptor().sizeBytes()).sum();
  }

  /** How many layers were as wanted already. */
  public long reusedLayers() {
    return layers.stream().filter(ConvertedLayer::reused).count();
  }
}
