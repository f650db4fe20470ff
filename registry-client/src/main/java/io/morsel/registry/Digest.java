package io.morsel.registry;

/**
 * A content digest, such as {@code sha256:9f86d0…}, as in the OCI image specification.
 *
 * @param algorithm the hash's registered name; {@code sha256} and {@code sha512} are supported
 * @param hex the hash in lower-case hexadecimal digits
 */
public record Digest(String algorithm, String hex) {
  /** The spelling used in manifests and URLs: algorithm, colon, hexadecimal digits. */
  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }
}
