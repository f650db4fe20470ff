package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON of others, within bounds, and JSON of our own.
 *
 * <p>Every reading method refuses a value of another type than it wants: what is malformed is an
 * error with the property's name, never a silent default.
 */
final class Json {
  /** The largest manifest or index: what registries accept at most. */
  static final int MAX_MANIFEST_BYTES = 4 << 20;

  /** The largest image configuration. */
  static final int MAX_CONFIG_BYTES = 16 << 20;

  private static final int MAX_DEPTH = 64;
  private static final int MAX_ITEMS = 20_000;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_CONFIG_BYTES)
                  .maxNameLength(1 << 16)
                  .maxNumberLength(32)
                  .maxTokenCount(2_000_000)
                  .build())
          // Two readers must never see two images in one document.
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private Json() {}

  /** The document, which must be an object; {@code what} names it in the message. */
  static ObjectNode parseObject(byte[] content, String what) throws RegistryException {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), content)) {
      if (JsonTree.read(parser) instanceof ObjectNode object) {
        return object;
      }
    } catch (JacksonException e) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what + " is no valid JSON: " + Texts.shown(e.getOriginalMessage()),
          e);
    }
    throw new RegistryException(Kind.INVALID_RESPONSE, what + " is no JSON object");
  }

  static ObjectNode newObject() {
    return JsonNodeFactory.instance.objectNode();
  }

  static byte[] write(JsonNode node) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JSON.createGenerator(ObjectWriteContext.empty(), bytes, JsonEncoding.UTF8)) {
      JsonTree.write(json, node);
    }
    return bytes.toByteArray();
  }

  /** The property's text, or null where it is absent or null. */
  static @Nullable String text(JsonNode object, String name, String what) throws RegistryException {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isString()) {
      throw bad(what, name, "is no string");
    }
    return value.stringValue();
  }

  static String requiredText(JsonNode object, String name, String what) throws RegistryException {
    String value = text(object, name, what);
    if (value == null) {
      throw bad(what, name, "is missing");
    }
    return value;
  }

  static Optional<Digest> digest(JsonNode object, String name, String what)
      throws RegistryException {
    String value = text(object, name, what);
    return value == null ? Optional.empty() : Optional.of(parseDigest(value, name, what));
  }

  static Digest parseDigest(String value, String name, String what) throws RegistryException {
    try {
      return Digest.parse(value);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, what + ": '" + name + "': " + e.getMessage(), e);
    }
  }

  /** The elements of the property, which must be an array; none where it is absent or null. */
  static List<JsonNode> array(JsonNode object, String name, String what) throws RegistryException {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return List.of();
    }
    if (!value.isArray() || value.size() > MAX_ITEMS) {
      throw bad(what, name, "is no array of reasonable length");
    }
    return List.copyOf(value.values());
  }

  static Map<String, String> textMap(JsonNode object, String name, String what)
      throws RegistryException {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      return Map.of();
    }
    if (!value.isObject() || value.size() > MAX_ITEMS) {
      throw bad(what, name, "is no object of reasonable size");
    }
    Map<String, String> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      if (!entry.getValue().isString()) {
        throw bad(what, name, "has a value that is no string");
      }
      map.put(entry.getKey(), entry.getValue().stringValue());
    }
    return map;
  }

  static Descriptor descriptor(@Nullable JsonNode node, String name, String what)
      throws RegistryException {
    if (node == null || !node.isObject()) {
      throw bad(what, name, "is no descriptor");
    }
    String where = what + ": " + name;
    JsonNode size = node.get("size");
    if (size == null || !size.isIntegralNumber() || !size.canConvertToLong()) {
      throw bad(where, "size", "is no number of bytes");
    }
    if (size.longValue() < 0) {
      throw bad(where, "size", "is negative");
    }
    List<String> urls = new ArrayList<>();
    for (JsonNode url : array(node, "urls", where)) {
      if (!url.isString()) {
        throw bad(where, "urls", "has an element that is no string");
      }
      urls.add(url.stringValue());
    }
    return new Descriptor(
        requiredText(node, "mediaType", where),
        parseDigest(requiredText(node, "digest", where), "digest", where),
        size.longValue(),
        textMap(node, "annotations", where),
        platform(node.get("platform"), where),
        urls);
  }

  /** The platform, or null where it is absent or does not say operating system and processor. */
  static @Nullable Platform platform(@Nullable JsonNode node, String what)
      throws RegistryException {
    if (node == null || node.isNull()) {
      return null;
    }
    String os = text(node, "os", what);
    String architecture = text(node, "architecture", what);
    String variant = text(node, "variant", what);
    if (os == null || os.isEmpty() || architecture == null || architecture.isEmpty()) {
      return null;
    }
    return new Platform(os, architecture, variant == null ? "" : variant);
  }

  /** The descriptor in the order of properties that every tool writes. */
  static ObjectNode toJson(Descriptor descriptor) {
    ObjectNode node = newObject();
    node.put("mediaType", descriptor.mediaType());
    node.put("digest", descriptor.digest().toString());
    node.put("size", descriptor.sizeBytes());
    if (!descriptor.urls().isEmpty()) {
      ArrayNode urls = node.putArray("urls");
      descriptor.urls().forEach(urls::add);
    }
    putAnnotations(node, descriptor.annotations());
    Platform platform = descriptor.platform();
    if (platform != null) {
      ObjectNode written = node.putObject("platform");
      written.put("architecture", platform.architecture());
      written.put("os", platform.os());
      if (!platform.variant().isEmpty()) {
        written.put("variant", platform.variant());
      }
    }
    return node;
  }

  static void putAnnotations(ObjectNode node, Map<String, String> annotations) {
    if (!annotations.isEmpty()) {
      ObjectNode written = node.putObject("annotations");
      annotations.forEach(written::put);
    }
  }

  /** An unmodifiable copy in the same order, so that what is written is the same every time. */
  static Map<String, String> copyInOrder(Map<String, String> map) {
    return map.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }

  static RegistryException bad(String what, String name, String fault) {
    return new RegistryException(
        Kind.INVALID_RESPONSE, what + ": '" + Texts.shown(name) + "' " + fault);
  }
}
