package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;

/** A small document together with the descriptor that its bytes were checked against. Immutable. */
public final class VerifiedContent {
  private final Descriptor descriptor;
  private final byte[] bytes;

  private VerifiedContent(Descriptor descriptor, byte[] bytes) {
    this.descriptor = descriptor;
    this.bytes = bytes;
  }

  /** Content of our own, described by SHA-256. */
  public static VerifiedContent of(String mediaType, byte[] bytes) {
    byte[] copy = bytes.clone();
    return new VerifiedContent(Descriptor.of(mediaType, copy), copy);
  }

  /**
   * Checks size and digest.
   *
   * @param what the content's name in the message
   * @throws RegistryException of kind INVALID_RESPONSE if the bytes are not those described
   */
  public static VerifiedContent check(Descriptor descriptor, byte[] bytes, String what)
      throws RegistryException {
    if (bytes.length != descriptor.sizeBytes()) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what + " has " + bytes.length + " bytes instead of " + descriptor.sizeBytes());
    }
    if (!descriptor.digest().matches(bytes)) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, what + " does not have the digest " + descriptor.digest());
    }
    return new VerifiedContent(descriptor, bytes);
  }

  /** What the bytes have been checked against. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** Whether this is an index, rather than the manifest of one image. */
  public boolean isIndex() throws RegistryException {
    return ManifestDocument.isIndex(bytes, descriptor.mediaType());
  }
}
