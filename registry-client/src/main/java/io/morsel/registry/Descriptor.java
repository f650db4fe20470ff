package io.morsel.registry;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest says of a blob or of another manifest (OCI image specification, descriptor.md).
 *
 * @param mediaType the kind of content, see {@link MediaTypes}
 * @param digest the content's digest
 * @param sizeBytes the content's size in bytes
 * @param annotations further properties, such as a layer's TOC digest
 * @param platform what the described image runs on, or null if it is not said
 * @param urls other places that serve the content; kept, never followed
 */
public record Descriptor(
    String mediaType,
    Digest digest,
    long sizeBytes,
    Map<String, String> annotations,
    @Nullable Platform platform,
    List<String> urls) {
  /** Copies the collections; annotations keep their order. */
  public Descriptor {
    if (sizeBytes < 0) {
      throw new IllegalArgumentException("size " + sizeBytes + " is negative");
    }
    annotations = Json.copyInOrder(annotations);
    urls = List.copyOf(urls);
  }

  /** A descriptor of only the three properties that every one has. */
  public Descriptor(String mediaType, Digest digest, long sizeBytes) {
    this(mediaType, digest, sizeBytes, Map.of(), null, List.of());
  }

  /** The descriptor of these bytes, by SHA-256. */
  public static Descriptor of(String mediaType, byte[] content) {
    return new Descriptor(mediaType, Digest.of(content), content.length);
  }

  /** The same content with these annotations. */
  public Descriptor withAnnotations(Map<String, String> newAnnotations) {
    return new Descriptor(mediaType, digest, sizeBytes, newAnnotations, platform, urls);
  }

  /** The same content for this platform. */
  public Descriptor withPlatform(@Nullable Platform newPlatform) {
    return new Descriptor(mediaType, digest, sizeBytes, annotations, newPlatform, urls);
  }
}
