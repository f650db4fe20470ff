package io.morsel.cli.terminal;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Sizes and times as people read them. */
public final class Quantity {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

  private Quantity() {}

  /** A size in decimal units, three significant digits: {@code 512 B}, {@code 1.23 MB}. */
  public static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    // 999.5 and up would print as 1000.
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    String format = value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s";
    return String.format(Locale.ROOT, format, value, UNITS[unit]);
  }

  /** A span of time: {@code 830 ms}, {@code 4.21 s}, {@code 3 min 12 s}. */
  public static String millis(long millis) {
    if (millis < 1000) {
      return millis + " ms";
    }
    if (millis < 59_995) {
      return String.format(Locale.ROOT, "%.2f s", millis / 1000.0);
    }
    long seconds = (millis + 500) / 1000;
    return seconds / 60 + " min " + seconds % 60 + " s";
  }

  /** How long ago something was, roughly: {@code 3 minutes ago}. */
  public static String ago(Instant then, Instant now) {
    long seconds = Math.max(0, Duration.between(then, now).toSeconds());
    if (seconds < 60) {
      return ago(seconds, "second");
    }
    long minutes = seconds / 60;
    if (minutes < 60) {
      return ago(minutes, "minute");
    }
    long hours = minutes / 60;
    if (hours < 48) {
      return ago(hours, "hour");
    }
    long days = hours / 24;
    return days < 100
        ? ago(days, "day")
        : days < 730 ? ago(days / 30, "month") : ago(days / 365, "year");
  }

  private static String ago(long count, String unit) {
    return count + " " + unit + (count == 1 ? "" : "s") + " ago";
  }
}
