package io.morsel.registry;

import org.jspecify.annotations.Nullable;

/**
 * The image that a reference means for a platform.
 *
 * @param index the index that the manifest was chosen from, or null if the reference names a
 *     manifest itself
 * @param manifestContent the manifest as served, byte for byte, and its verified descriptor
 * @param manifest what the manifest says
 */
public record ResolvedImage(
    @Nullable VerifiedContent index, VerifiedContent manifestContent, Manifest manifest) {
  /** The manifest's descriptor. */
  public Descriptor manifestDescriptor() {
    return manifestContent.descriptor();
  }

  /** The descriptor of what the reference names: the index if there is one, else the manifest. */
  public Descriptor target() {
    return index != null ? index.descriptor() : manifestDescriptor();
  }
}
