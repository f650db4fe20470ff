package io.morsel.runtime.store;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Digests as clients write them, and what containerd says of those that are none. */
public final class Digests {
  private static final Pattern FORM =
      Pattern.compile("[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+");

  private static final Pattern HEX = Pattern.compile("[a-f0-9]*");

  private static final Map<String, Integer> HEX_LENGTHS =
      Map.of("sha256", 64, "sha384", 96, "sha512", 128);

  private Digests() {}

  /** What is wrong with a digest; empty where nothing is. */
  public static Optional<String> problem(String digest) {
    if (!FORM.matcher(digest).matches()) {
      return Optional.of("invalid checksum digest format");
    }
    Integer length = HEX_LENGTHS.get(algorithm(digest));
    if (length == null) {
      return Optional.of("unsupported digest algorithm");
    }
    if (encoded(digest).length() != length) {
      return Optional.of("invalid checksum digest length");
    }
    return HEX.matcher(encoded(digest)).matches()
        ? Optional.empty()
        : Optional.of("invalid checksum digest format");
  }

  /** A good digest's algorithm. */
  public static String algorithm(String digest) {
    return digest.substring(0, digest.indexOf(':'));
  }

  /** A good digest's hexadecimal digits. */
  public static String encoded(String digest) {
    return digest.substring(digest.indexOf(':') + 1);
  }
}
