package io.morsel.cli.convert;

import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import java.util.Set;

/**
 * A layer in its new place.
 *
 * @param source what it was made of
 * @param descriptor what the new manifest says of it
 * @param diffId digest of its uncompressed tar
 * @param reused whether it was as wanted already, and is the same blob
 * @param missingFiles prioritized files that it does not have
 */
public record ConvertedLayer(
    Descriptor source,
    Descriptor descriptor,
    Digest diffId,
    boolean reused,
    Set<String> missingFiles) {
  /** Copies the collection. */
  public ConvertedLayer {
    missingFiles = Set.copyOf(missingFiles);
  }
}
