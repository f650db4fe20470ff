package io.morsel.runtime.image;

import io.morsel.registry.Descriptor;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a snapshotter is told of a layer when it prepares a snapshot for it: enough to fetch the
 * layer by itself.
 *
 * <p>There are two families of labels, of containerd's CRI plugin and of the stargz snapshotter's
 * client. Snapshotters know one or both, so both are sent.
 */
public final class SnapshotLabels {
  /** Marks the preparation of a layer's snapshot, and names the snapshot that it will become. */
  public static final String TARGET = "containerd.io/snapshot.ref";

  /** Set by snapshotters on snapshots whose content they fetch by themselves. */
  public static final String REMOTE = "containerd.io/snapshot/remote";

  /** The digest of an eStargz layer's TOC, in the manifest and on the snapshot alike. */
  public static final String TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest";

  /** containerd's bound on a label's key and value together. */
  private static final int MAX_LABEL_BYTES = 4096;

  private static final String SNAPSHOT_PREFIX = "containerd.io/snapshot/";
  private static final String CRI_PREFIX = "containerd.io/snapshot/cri.";
  private static final String STARGZ_PREFIX = "containerd.io/snapshot/remote/stargz.";

  private SnapshotLabels() {}

  /**
   * The labels for one layer.
   *
   * @param image the image's reference
   * @param manifestDigest the digest of the image's manifest
   * @param layers all layers, the lowest first
   * @param index which layer
   * @param chainId the name of the snapshot that the layer becomes
   */
  public static Map<String, String> of(
      String image, String manifestDigest, List<Descriptor> layers, int index, String chainId) {
    Descriptor layer = layers.get(index);
    Map<String, String> labels = new LinkedHashMap<>();
    layer
        .annotations()
        .forEach(
            (key, value) -> {
              if (key.startsWith(SNAPSHOT_PREFIX) && fits(key, value)) {
                labels.put(key, value);
              }
            });
    labels.put(TARGET, chainId);
    putFamily(
        labels, CRI_PREFIX, "image-ref", "layer-digest", "image-layers", image, layers, index);
    labels.put(CRI_PREFIX + "manifest-digest", manifestDigest);
    putFamily(labels, STARGZ_PREFIX, "reference", "digest", "layers", image, layers, index);
    return labels;
  }

  /** Whether a layer's manifest says where its TOC is, without which nobody can show it lazily. */
  public static boolean hasToc(Descriptor layer) {
    return layer.annotations().containsKey(TOC_DIGEST);
  }

  private static void putFamily(
      Map<String, String> labels,
      String prefix,
      String imageKey,
      String layerKey,
      String layersKey,
      String image,
      List<Descriptor> layers,
      int index) {
    labels.put(prefix + imageKey, image);
    labels.put(prefix + layerKey, layers.get(index).digest().toString());
    labels.put(prefix + layersKey, upperLayers(prefix + layersKey, layers, index));
  }

  /** This layer and those above it, as many as fit: they let a snapshotter look ahead, no more. */
  private static String upperLayers(String key, List<Descriptor> layers, int index) {
    StringBuilder digests = new StringBuilder();
    for (Descriptor layer : layers.subList(index, layers.size())) {
      String digest = layer.digest().toString();
      if (key.length() + digests.length() + 1 + digest.length() > MAX_LABEL_BYTES) {
        break;
      }
      digests.append(digests.isEmpty() ? "" : ",").append(digest);
    }
    return digests.toString();
  }

  private static boolean fits(String key, String value) {
    return key.getBytes(StandardCharsets.UTF_8).length
            + value.getBytes(StandardCharsets.UTF_8).length
        <= MAX_LABEL_BYTES;
  }
}
