package io.morsel.prefetch;

import io.morsel.registry.Digest;

/**
 * Which content a front end shows, so that a later process can tell whether it has the same: where
 * all three are equal, the kernel may be answered as by whoever showed it first.
 *
 * @param layer the layer's digest
 * @param data says which bytes are where in the layer's data; lower-case hexadecimal digits
 * @param tree says which names and attributes have which numbers; lower-case hexadecimal digits
 */
public record ContentIdentity(Digest layer, String data, String tree) {
  /** Digits of each part: what changes by accident is told apart, and nobody chooses it. */
  public static final int DIGITS = 16;

  /** Checks that both parts are such digits. */
  public ContentIdentity {
    if (!isPart(data) || !isPart(tree)) {
      throw new IllegalArgumentException(
          "identity of " + layer + ": not " + DIGITS + " hexadecimal digits");
    }
  }

  private static boolean isPart(String text) {
    return text.length() == DIGITS
        && text.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0);
  }

  /** The same layer's data below another tree. */
  public ContentIdentity withTree(String other) {
    return new ContentIdentity(layer, data, other);
  }
}
