package io.morsel.registry;

/** Text of others, made fit for a message or a log line. */
final class Texts {
  private static final int MAX_SHOWN_CHARS = 200;

  private Texts() {}

  /** The text without control characters, and cut where it is long. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    int end = Math.min(text.length(), MAX_SHOWN_CHARS);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      shown.append(Character.isISOControl(c) ? '?' : c);
    }
    return end < text.length() ? shown.append('…').toString() : shown.toString();
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Whether it is a hexadecimal digit as digests have them: lower case. */
  static boolean isHexDigit(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f');
  }

  static boolean isLowerAlphanumeric(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z');
  }

  static boolean isAlphanumeric(char c) {
    return isLowerAlphanumeric(c) || (c >= 'A' && c <= 'Z');
  }
}
