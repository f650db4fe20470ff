package io.morsel.stargz;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;

/**
 * The times of a TOC, as RFC 3339 writes them.
 *
 * <p>Layers have thousands of them, nearly all in the form {@code 2024-05-06T07:08:09Z}, or with a
 * fraction of a second before the {@code Z}; these are read by hand, {@code java.time} reads the
 * rest.
 */
final class TocTime {
  /** Every time begins like this. */
  private static final String FORM = "dddd-dd-ddTdd:dd:dd";

  private static final int SECONDS_END = FORM.length();
  private static final int MAX_FRACTION_DIGITS = 9;

  private TocTime() {}

  /**
   * Reads a time.
   *
   * @throws DateTimeException if it is none
   */
  static Instant parse(String text) {
    if (!isPlain(text)) {
      return text.endsWith("Z") ? Instant.parse(text) : OffsetDateTime.parse(text).toInstant();
    }
    int hour = number(text, 11, 13);
    int minute = number(text, 14, 16);
    int second = number(text, 17, 19);
    if (hour > 23 || minute > 59 || second > 59) {
      // Leap seconds and 24:00 among them.
      return Instant.parse(text);
    }
    long day =
        LocalDate.of(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)).toEpochDay();
    return Instant.ofEpochSecond(
        day * 86_400 + hour * 3_600L + minute * 60L + second, nanos(text, text.length() - 1));
  }

  /** Whether it is in UTC, with a fraction of at most nanoseconds or none. */
  private static boolean isPlain(String text) {
    int end = text.length() - 1;
    if (end < SECONDS_END || text.charAt(end) != 'Z') {
      return false;
    }
    for (int i = 0; i < SECONDS_END; i++) {
      char expected = FORM.charAt(i);
      char actual = text.charAt(i);
      if (expected == 'd' ? actual < '0' || actual > '9' : actual != expected) {
        return false;
      }
    }
    if (end == SECONDS_END) {
      return true;
    }
    int digits = end - SECONDS_END - 1;
    if (text.charAt(SECONDS_END) != '.' || digits < 1 || digits > MAX_FRACTION_DIGITS) {
      return false;
    }
    for (int i = SECONDS_END + 1; i < end; i++) {
      char actual = text.charAt(i);
      if (actual < '0' || actual > '9') {
        return false;
      }
    }
    return true;
  }

  /** The fraction that ends there, none included. */
  private static int nanos(String text, int end) {
    if (end == SECONDS_END) {
      return 0;
    }
    int nanos = number(text, SECONDS_END + 1, end);
    for (int digits = end - SECONDS_END - 1; digits < MAX_FRACTION_DIGITS; digits++) {
      nanos *= 10;
    }
    return nanos;
  }

  private static int number(String text, int from, int to) {
    int number = 0;
    for (int i = from; i < to; i++) {
      number = 10 * number + text.charAt(i) - '0';
    }
    return number;
  }
}
