package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An image's configuration (OCI image specification, config.md): its platform, the digests of its
 * uncompressed layers, and, as raw bytes, everything else. Immutable.
 */
public final class ImageConfig {
  private static final String WHAT = "the image configuration";

  private final byte[] content;
  private final List<Digest> diffIds;
  private final @Nullable Platform platform;

  private ImageConfig(byte[] content, List<Digest> diffIds, @Nullable Platform platform) {
    this.content = content;
    this.diffIds = List.copyOf(diffIds);
    this.platform = platform;
  }

  /**
   * Reads a configuration.
   *
   * @param content the document, at most 16 MiB
   * @throws RegistryException of kind INVALID_RESPONSE if it is malformed
   */
  public static ImageConfig parse(byte[] content) throws RegistryException {
    ObjectNode document = parseBounded(content);
    List<Digest> diffIds = new ArrayList<>();
    JsonNode rootfs = document.get("rootfs");
    if (rootfs != null && !rootfs.isNull()) {
      if (!rootfs.isObject()) {
        throw Json.bad(WHAT, "rootfs", "is no object");
      }
      for (JsonNode diffId : Json.array(rootfs, "diff_ids", WHAT)) {
        if (!diffId.isString()) {
          throw Json.bad(WHAT, "rootfs.diff_ids", "has an element that is no string");
        }
        diffIds.add(Json.parseDigest(diffId.stringValue(), "rootfs.diff_ids", WHAT));
      }
    }
    return new ImageConfig(content.clone(), diffIds, Json.platform(document, WHAT));
  }

  /** The digests of the uncompressed layers, the lowest first. */
  public List<Digest> diffIds() {
    return diffIds;
  }

  /** What the image runs on, if it says so. */
  public Optional<Platform> platform() {
    return Optional.ofNullable(platform);
  }

  /** The document as it was read, byte for byte. */
  public byte[] content() {
    return content.clone();
  }

  /**
   * The same configuration with these digests of uncompressed layers; all else stays, known to us
   * or not.
   */
  public ImageConfig withDiffIds(List<Digest> newDiffIds) throws RegistryException {
    ObjectNode document = parseBounded(content);
    ObjectNode rootfs =
        document.get("rootfs") instanceof ObjectNode old ? old : document.putObject("rootfs");
    rootfs.put("type", "layers");
    ArrayNode written = rootfs.putArray("diff_ids");
    newDiffIds.forEach(diffId -> written.add(diffId.toString()));
    return new ImageConfig(Json.write(document), newDiffIds, platform);
  }

  private static ObjectNode parseBounded(byte[] content) throws RegistryException {
    if (content.length > Json.MAX_CONFIG_BYTES) {
      throw new RegistryException(Kind.INVALID_RESPONSE, WHAT + " is larger than 16 MiB");
    }
    return Json.parseObject(content, WHAT);
  }
}
