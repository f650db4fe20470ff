package io.morsel.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An image for one platform: its configuration and its layers (OCI image specification,
 * manifest.md; Docker's image manifest version 2, schema 2).
 *
 * @param mediaType the manifest's own media type
 * @param config where the image configuration is
 * @param layers the layers, the lowest first
 * @param annotations further properties of the image
 */
public record Manifest(
    String mediaType, Descriptor config, List<Descriptor> layers, Map<String, String> annotations) {
  /** Copies the collections. */
  public Manifest {
    layers = List.copyOf(layers);
    annotations = Json.copyInOrder(annotations);
  }

  /**
   * Reads a manifest.
   *
   * @param content the document, at most 4 MiB
   * @param declaredType the media type that the descriptor or the registry gives; the document's
   *     own one, if there, must not contradict it
   * @throws RegistryException of kind INVALID_RESPONSE if it is malformed, an index, or of Docker's
   *     schema 1
   */
  public static Manifest parse(byte[] content, String declaredType) throws RegistryException {
    String what = "the image manifest";
    ObjectNode document = ManifestDocument.parse(content, declaredType, false, what);
    List<Descriptor> layers = new ArrayList<>();
    for (JsonNode layer : Json.array(document, "layers", what)) {
      layers.add(Json.descriptor(layer, "layers[" + layers.size() + "]", what));
    }
    return new Manifest(
        ManifestDocument.mediaType(document, declaredType, false),
        Json.descriptor(document.get("config"), "config", what),
        layers,
        Json.textMap(document, "annotations", what));
  }

  /** The manifest as JSON; equal manifests give equal bytes. */
  public byte[] toJson() {
    ObjectNode document = Json.newObject();
    document.put("schemaVersion", 2);
    document.put("mediaType", mediaType);
    document.set("config", Json.toJson(config));
    ArrayNode written = document.putArray("layers");
    layers.forEach(layer -> written.add(Json.toJson(layer)));
    Json.putAnnotations(document, annotations);
    return Json.write(document);
  }
}
