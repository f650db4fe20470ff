package io.morsel.runtime.diff;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Digests in the spelling of OCI, {@code algorithm:hexadecimal}. */
final class LayerDigests {
  /** What a layer's uncompressed tar is named by. */
  static final String CANONICAL = "sha256";

  private LayerDigests() {}

  /** A hash of one of the algorithms that {@code Digests} accepts, such as {@code sha512}. */
  static MessageDigest hash(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm.replaceFirst("sha", "SHA-"));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-2", e);
    }
  }

  /** The digest of what was hashed. */
  static String digest(String algorithm, MessageDigest hash) {
    return algorithm + ":" + HexFormat.of().formatHex(hash.digest());
  }
}
