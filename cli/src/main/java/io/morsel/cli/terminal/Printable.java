package io.morsel.cli.terminal;

import java.nio.charset.StandardCharsets;

/**
 * Makes text from images fit for a terminal: what an image says must not move the cursor or set
 * colours.
 */
public final class Printable {
  private Printable() {}

  /** The text with control characters shown as {@code \xNN}. */
  public static String text(String text) {
    StringBuilder shown = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                shown.append(c < 0x100 ? "\\x%02x".formatted(c) : "\\u%04x".formatted(c));
              } else {
                shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }

  /** A file's name with control characters shown as {@code \xNN}; lossy where it is not UTF-8. */
  public static String name(byte[] name) {
    return text(new String(name, StandardCharsets.UTF_8));
  }
}
