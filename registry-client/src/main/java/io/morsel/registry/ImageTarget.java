package io.morsel.registry;

import java.io.IOException;

/**
 * Where an image is written to: a registry or an OCI image layout. Safe for use by many threads.
 */
public sealed interface ImageTarget permits RegistryTarget, OciLayout.Target {
  /** What the target is called in messages. */
  String name();

  /** Whether the blob is there already. */
  boolean hasBlob(Descriptor descriptor) throws IOException;

  /**
   * Writes a blob, unless it is there already.
   *
   * @throws RegistryException of kind INVALID_RESPONSE if the content is not what the descriptor
   *     says
   */
  void writeBlob(Descriptor descriptor, ContentSource content) throws IOException;

  /**
   * Has the blob of another image, without its bytes passing through here if the two places are in
   * one registry.
   */
  void copyBlob(Descriptor descriptor, ImageSource from) throws IOException;

  /** Writes a manifest or index that another index names; what it names must be there. */
  void writeManifest(VerifiedContent manifest) throws IOException;

  /** Writes the manifest or index that the target's reference shall name from now on. */
  void writeTop(VerifiedContent manifest) throws IOException;
}
