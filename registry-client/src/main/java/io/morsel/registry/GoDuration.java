package io.morsel.registry;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as Go writes them, such as {@code 1m30s} or {@code 1.5s}. */
final class GoDuration {
  private static final int MAX_CHARS = 64;
  private static final Pattern PART =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ns|us|µs|ms|s|m|h)");

  private GoDuration() {}

  /** The time; empty where the text is none. */
  static Optional<Duration> parse(String text) {
    if (text.isEmpty() || text.length() > MAX_CHARS) {
      return Optional.empty();
    }
    Matcher part = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (end < text.length()) {
      if (!part.find() || part.start() != end) {
        return Optional.empty();
      }
      long unit =
          switch (part.group(2)) {
            case "ns" -> 1;
            case "us", "µs" -> 1_000;
            case "ms" -> 1_000_000;
            case "s" -> 1_000_000_000;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
          };
      BigDecimal nanos = new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unit));
      // In whole seconds and the rest, since many hours are more nanoseconds than a long has.
      BigDecimal[] parts = nanos.divideAndRemainder(BigDecimal.valueOf(1_000_000_000));
      sum = sum.plusSeconds(parts[0].longValue()).plusNanos(parts[1].longValue());
      end = part.end();
    }
    return Optional.of(sum);
  }
}
