package io.morsel.registry;

import org.jspecify.annotations.Nullable;

/**
 * Which bytes a partial answer holds (RFC 9110, section 14.4).
 *
 * @param first the first byte
 * @param last the last byte, inclusive
 * @param total the size of the whole, or -1 if the server does not say
 */
record ContentRange(long first, long last, long total) {
  /** Reads {@code bytes FIRST-LAST/TOTAL}; null if it is anything else. */
  static @Nullable ContentRange parse(String header) {
    String text = header.strip();
    if (!text.regionMatches(true, 0, "bytes ", 0, 6)) {
      return null;
    }
    int dash = text.indexOf('-', 6);
    int slash = text.indexOf('/', 6);
    if (dash < 0 || slash < dash) {
      return null;
    }
    String size = text.substring(slash + 1).strip();
    long first = number(text.substring(6, dash).strip());
    long last = number(text.substring(dash + 1, slash).strip());
    long total = size.equals("*") ? -1 : number(size);
    boolean good = first >= 0 && last >= first && (size.equals("*") || total > last);
    return good ? new ContentRange(first, last, total) : null;
  }

  private static long number(String digits) {
    boolean good =
        !digits.isEmpty()
            && digits.length() <= 18
            && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    return good ? Long.parseLong(digits) : -2;
  }
}
