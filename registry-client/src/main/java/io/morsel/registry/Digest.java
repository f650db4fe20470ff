package io.morsel.registry;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A content digest, such as {@code sha256:9f86d0…}, as in the OCI image specification
 * (descriptor.md, section "Digests").
 *
 * @param algorithm the hash's registered name; {@code sha256} and {@code sha512} are supported
 * @param hex the hash in lower-case hexadecimal digits
 */
public record Digest(String algorithm, String hex) {
  /** The algorithm that nearly every image uses. */
  public static final String SHA256 = "sha256";

  /** The other algorithm that the specification registers. */
  public static final String SHA512 = "sha512";

  private static final HexFormat HEX = HexFormat.of();

  /**
   * Checks the algorithm and the digits.
   *
   * @throws IllegalArgumentException if the algorithm is not supported, or the digits are not
   *     exactly as many lower-case hexadecimal ones as it has
   */
  public Digest {
    int digits = 2 * hashBytes(algorithm);
    if (hex.length() != digits) {
      throw new IllegalArgumentException(
          algorithm + " digest has " + hex.length() + " digits instead of " + digits);
    }
    for (int i = 0; i < digits; i++) {
      if (!Texts.isHexDigit(hex.charAt(i))) {
        throw new IllegalArgumentException(
            algorithm + " digest has a character that is no lower-case hexadecimal digit");
      }
    }
  }

  /**
   * Reads the spelling that {@link #toString} writes.
   *
   * @throws IllegalArgumentException if it is not a digest, or of an unsupported algorithm
   */
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException(
          "'" + Texts.shown(text) + "' is not a digest: expected sha256:<64 hexadecimal digits>");
    }
    return new Digest(text.substring(0, colon), text.substring(colon + 1));
  }

  /** The SHA-256 digest of these bytes. */
  public static Digest of(byte[] content) {
    return of(SHA256, content);
  }

  /**
   * The digest of these bytes.
   *
   * @throws IllegalArgumentException if the algorithm is not supported
   */
  public static Digest of(String algorithm, byte[] content) {
    return new Digest(algorithm, HEX.formatHex(hasher(algorithm).digest(content)));
  }

  /** The digest of what was fed to a {@link #hasher} for the algorithm; resets the hasher. */
  public static Digest of(String algorithm, MessageDigest fed) {
    return new Digest(algorithm, HEX.formatHex(fed.digest()));
  }

  /**
   * A new hash object for the algorithm.
   *
   * @throws IllegalArgumentException if the algorithm is not supported
   */
  public static MessageDigest hasher(String algorithm) {
    hashBytes(algorithm);
    try {
      return MessageDigest.getInstance(algorithm.equals(SHA256) ? "SHA-256" : "SHA-512");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-2", e);
    }
  }

  /** A new hash object for this digest's algorithm. */
  public MessageDigest hasher() {
    return hasher(algorithm);
  }

  /** Whether these bytes have this digest. */
  public boolean matches(byte[] content) {
    return HEX.formatHex(hasher().digest(content)).equals(hex);
  }

  /** Whether the bytes that were fed to the {@link #hasher} have this digest; resets it. */
  public boolean matches(MessageDigest fed) {
    return HEX.formatHex(fed.digest()).equals(hex);
  }

  /** The spelling used in manifests and URLs: algorithm, colon, hexadecimal digits. */
  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }

  private static int hashBytes(String algorithm) {
    return switch (algorithm) {
      case SHA256 -> 32;
      case SHA512 -> 64;
      default ->
          throw new IllegalArgumentException(
              "digest algorithm '"
                  + Texts.shown(algorithm)
                  + "' is not supported: expected sha256 or sha512");
    };
  }
}
