package io.morsel.registry;

import java.io.IOException;

/** One image, to be read: in a registry or in an OCI image layout. Safe for use by many threads. */
public sealed interface ImageSource permits RegistrySource, OciLayout.Source {
  /** What the source is called in messages. */
  String name();

  /** The manifest or index that the source's reference names; verified. */
  VerifiedContent top() throws IOException;

  /** A manifest or index by its descriptor; verified. */
  VerifiedContent manifest(Descriptor descriptor) throws IOException;

  /**
   * A small blob; verified.
   *
   * @throws RegistryException of kind INVALID_RESPONSE if it is larger than the bound
   */
  VerifiedContent fetch(Descriptor descriptor, int maxBytes) throws IOException;

  /** A blob to be read at random; nothing is read or asked for yet. */
  RemoteBlob blob(Descriptor descriptor);

  /**
   * The image for a platform.
   *
   * @throws RegistryException of kind NO_SUCH_PLATFORM if the image is not for it
   */
  default ResolvedImage resolve(Platform platform) throws IOException {
    return new ImageResolver(this, platform).resolve();
  }

  /** An image's configuration; verified. */
  default ImageConfig config(Manifest manifest) throws IOException {
    return ImageConfig.parse(fetch(manifest.config(), Json.MAX_CONFIG_BYTES).bytes());
  }
}
