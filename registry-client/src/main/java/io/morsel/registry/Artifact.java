package io.morsel.registry;

import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A document that belongs to an image and lies beside it in the registry: a manifest with one blob
 * that refers to the image as its subject (OCI image specification 1.1, manifest.md, "Guidelines
 * for Artifact Usage").
 *
 * @param type the artifact's type, such as a profile's
 * @param subject the manifest that it belongs to
 * @param content where the document is
 * @param annotations further properties of the artifact
 */
public record Artifact(
    String type, Descriptor subject, Descriptor content, Map<String, String> annotations) {
  /** The configuration of what has none: two bytes, an empty JSON object. */
  static final String EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

  /** The content of that. */
  static final VerifiedContent EMPTY = VerifiedContent.of(EMPTY_TYPE, new byte[] {'{', '}'});

  /** Copies the annotations. */
  public Artifact {
    annotations = Json.copyInOrder(annotations);
  }

  /**
   * Reads an artifact's manifest.
   *
   * @return empty where it is a manifest of something else
   * @throws RegistryException of kind INVALID_RESPONSE if it is malformed
   */
  static Optional<Artifact> parse(byte[] content) throws RegistryException {
    String what = "the artifact's manifest";
    ObjectNode document = ManifestDocument.parse(content, MediaTypes.OCI_MANIFEST, false, what);
    String type = Json.text(document, "artifactType", what);
    JsonNode subject = document.get("subject");
    var layers = Json.array(document, "layers", what);
    if (type == null || subject == null || layers.size() != 1) {
      return Optional.empty();
    }
    return Optional.of(
        new Artifact(
            type,
            Json.descriptor(subject, "subject", what),
            Json.descriptor(layers.getFirst(), "layers[0]", what),
            Json.textMap(document, "annotations", what)));
  }

  /** The artifact's manifest; equal artifacts give equal bytes. */
  public VerifiedContent manifest() {
    ObjectNode document = Json.newObject();
    document.put("schemaVersion", 2);
    document.put("mediaType", MediaTypes.OCI_MANIFEST);
    document.put("artifactType", type);
    document.set("config", Json.toJson(EMPTY.descriptor()));
    document.putArray("layers").add(Json.toJson(content));
    document.set("subject", Json.toJson(subject));
    Json.putAnnotations(document, annotations);
    return VerifiedContent.of(MediaTypes.OCI_MANIFEST, Json.write(document));
  }
}
