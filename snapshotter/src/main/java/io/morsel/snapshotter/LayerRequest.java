package io.morsel.snapshotter;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which layer a client wants to have mounted, as its labels say it.
 *
 * @param reference the image's reference
 * @param layer the layer's digest
 * @param manifest the digest of the image's manifest; empty where the client does not say
 * @param tocDigest the digest of the layer's TOC; empty where the client does not say
 * @param imageLayers digests of the image's layers, as far as the client says
 */
record LayerRequest(
    String reference, String layer, String manifest, String tocDigest, List<String> imageLayers) {

  /** No image known has more; labels are bounded too, but by others. */
  private static final int MAX_LAYERS = 512;

  /** Copies the list. */
  LayerRequest {
    imageLayers = List.copyOf(imageLayers);
  }

  /** The layer that the labels name; empty where they name none: CRI's family is tried first. */
  static Optional<LayerRequest> of(Map<String, String> labels) {
    String toc = labels.getOrDefault(Labels.TOC_DIGEST, "");
    String reference = labels.getOrDefault(Labels.CRI_IMAGE_REF, "");
    String layer = labels.getOrDefault(Labels.CRI_LAYER_DIGEST, "");
    if (!reference.isEmpty() && !layer.isEmpty()) {
      return Optional.of(
          new LayerRequest(
              reference,
              layer,
              labels.getOrDefault(Labels.CRI_MANIFEST_DIGEST, ""),
              toc,
              split(labels.getOrDefault(Labels.CRI_IMAGE_LAYERS, ""))));
    }
    reference = labels.getOrDefault(Labels.STARGZ_REFERENCE, "");
    layer = labels.getOrDefault(Labels.STARGZ_DIGEST, "");
    if (!reference.isEmpty() && !layer.isEmpty()) {
      return Optional.of(
          new LayerRequest(
              reference, layer, "", toc, split(labels.getOrDefault(Labels.STARGZ_LAYERS, ""))));
    }
    return Optional.empty();
  }

  /** The same image's layer of this digest, of which nothing else is known. */
  LayerRequest forLayer(String digest) {
    return new LayerRequest(reference, digest, manifest, "", List.of());
  }

  private static List<String> split(String digests) {
    return Arrays.stream(digests.split(",", MAX_LAYERS + 1))
        .limit(MAX_LAYERS)
        .map(String::strip)
        .filter(digest -> !digest.isEmpty())
        .distinct()
        .toList();
  }
}
