package io.morsel.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A list of manifests, as a rule one for each platform (OCI image specification, image-index.md;
 * Docker's manifest list).
 *
 * @param mediaType the index's own media type
 * @param manifests the manifests, or further indexes, in order of preference
 * @param annotations further properties of the image
 */
public record ImageIndex(
    String mediaType, List<Descriptor> manifests, Map<String, String> annotations) {
  /** Copies the collections. */
  public ImageIndex {
    manifests = List.copyOf(manifests);
    annotations = Json.copyInOrder(annotations);
  }

  /**
   * Reads an index.
   *
   * @param content the document, at most 4 MiB
   * @param declaredType the media type that the descriptor or the registry gives; the document's
   *     own one, if there, must not contradict it
   * @throws RegistryException of kind INVALID_RESPONSE if it is malformed, or no index
   */
  public static ImageIndex parse(byte[] content, String declaredType) throws RegistryException {
    String what = "the image index";
    ObjectNode document = ManifestDocument.parse(content, declaredType, true, what);
    List<Descriptor> manifests = new ArrayList<>();
    for (JsonNode manifest : Json.array(document, "manifests", what)) {
      manifests.add(Json.descriptor(manifest, "manifests[" + manifests.size() + "]", what));
    }
    return new ImageIndex(
        ManifestDocument.mediaType(document, declaredType, true),
        manifests,
        Json.textMap(document, "annotations", what));
  }

  /** The manifest that suits the platform best, the earlier one of equals. */
  public Optional<Descriptor> choose(Platform platform) {
    return platform.suited(manifests).stream().findFirst();
  }

  /** The index as JSON; equal indexes give equal bytes. */
  public byte[] toJson() {
    ObjectNode document = Json.newObject();
    document.put("schemaVersion", 2);
    document.put("mediaType", mediaType);
    ArrayNode written = document.putArray("manifests");
    manifests.forEach(manifest -> written.add(Json.toJson(manifest)));
    Json.putAnnotations(document, annotations);
    return Json.write(document);
  }
}
