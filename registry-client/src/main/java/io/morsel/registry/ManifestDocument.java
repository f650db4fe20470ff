package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What manifests and indexes have in common: telling them apart, and refusing what is neither. */
final class ManifestDocument {
  private ManifestDocument() {}

  /** Whether the document is an index, by its own media type, else the declared one, else shape. */
  static boolean isIndex(byte[] content, String declaredType) throws RegistryException {
    ObjectNode document = parseBounded(content, "the manifest");
    refuseSchema1(document, declaredType, "the manifest");
    String own = Json.text(document, "mediaType", "the manifest");
    if (own != null && (MediaTypes.isIndex(own) || MediaTypes.isManifest(own))) {
      return MediaTypes.isIndex(own);
    }
    if (MediaTypes.isIndex(declaredType) || MediaTypes.isManifest(declaredType)) {
      return MediaTypes.isIndex(declaredType);
    }
    return document.has("manifests");
  }

  static ObjectNode parse(byte[] content, String declaredType, boolean index, String what)
      throws RegistryException {
    ObjectNode document = parseBounded(content, what);
    refuseSchema1(document, declaredType, what);
    JsonNode version = document.get("schemaVersion");
    if (version == null || !version.isIntegralNumber() || version.asInt() != 2) {
      throw Json.bad(what, "schemaVersion", "is not 2");
    }
    // Both at once is how one document was once made to be two images (CVE-2021-41190).
    if (index ? document.has("layers") || document.has("config") : document.has("manifests")) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, what + " has properties of both a manifest and an index");
    }
    String own = Json.text(document, "mediaType", what);
    boolean contradicted =
        own != null && (index ? MediaTypes.isManifest(own) : MediaTypes.isIndex(own));
    if (contradicted
        || (index ? MediaTypes.isManifest(declaredType) : MediaTypes.isIndex(declaredType))) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, what + " is declared to be of another media type than it is");
    }
    if (!document.has(index ? "manifests" : "config")) {
      throw Json.bad(what, index ? "manifests" : "config", "is missing");
    }
    return document;
  }

  static String mediaType(ObjectNode document, String declaredType, boolean index) {
    JsonNode own = document.get("mediaType");
    if (own != null && own.isString() && !own.stringValue().isEmpty()) {
      return own.stringValue();
    }
    boolean known = index ? MediaTypes.isIndex(declaredType) : MediaTypes.isManifest(declaredType);
    return known ? declaredType : index ? MediaTypes.OCI_INDEX : MediaTypes.OCI_MANIFEST;
  }

  private static ObjectNode parseBounded(byte[] content, String what) throws RegistryException {
    if (content.length > Json.MAX_MANIFEST_BYTES) {
      throw new RegistryException(Kind.INVALID_RESPONSE, what + " is larger than 4 MiB");
    }
    return Json.parseObject(content, what);
  }

  private static void refuseSchema1(ObjectNode document, String declaredType, String what)
      throws RegistryException {
    JsonNode version = document.get("schemaVersion");
    if (MediaTypes.isSchema1(declaredType)
        || (version != null && version.isIntegralNumber() && version.asInt() == 1)) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what
              + " is of Docker's schema 1, which has no digests of its layers' content and is not"
              + " supported: push the image again with a current tool");
    }
  }
}
