package io.morsel.bench.net;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what {@code --net} is given; for one text. */
final class NetSyntax {
  private static final long NAMED_RTT_MICROS = 10_000;
  private static final long MIN_BITS = 8_000;
  private static final long MAX_BITS = 100_000_000_000L;
  private static final long MAX_RTT_MICROS = 10_000_000;
  private static final double MAX_LOSS_PERCENT = 50;
  private static final String SLOW_START = "slowstart";

  private static final String VALID =
      "valid are local, 1g, 100m, or RATE,RTT[,LOSS][,slowstart] such as 50mbit,30ms,0.1%";

  private static final Pattern RATE = Pattern.compile("(\\d+(?:\\.\\d+)?)([kmg]?)(?:bit)?");
  private static final Pattern RTT = Pattern.compile("(\\d+(?:\\.\\d+)?)(us|ms|s)");
  private static final Pattern LOSS = Pattern.compile("(\\d+(?:\\.\\d+)?)%");

  private static final Map<String, Long> BITS =
      Map.of("", 1L, "k", 1_000L, "m", 1_000_000L, "g", 1_000_000_000L);
  private static final Map<String, Long> MICROS = Map.of("us", 1L, "ms", 1_000L, "s", 1_000_000L);

  private final String text;
  private final String[] parts;
  private int next;

  NetSyntax(String text) {
    this.text = text;
    this.parts = text.toLowerCase(Locale.ROOT).split(",", -1);
  }

  /**
   * The network.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  Net parse() {
    if (parts[0].equals("local")) {
      next = 1;
      if (parts.length > 1) {
        throw invalid("local is loopback as it is, and takes nothing more");
      }
      return new Net(text, OptionalLong.empty(), 0, 0, false);
    }
    long bits = bitsPerSecond();
    long rtt = rttMicros();
    double loss = lossPercent();
    boolean slowStart = take(SLOW_START);
    if (next < parts.length) {
      throw invalid(
          "'%s' is not expected there: RATE, RTT, LOSS and slowstart stand in this order"
              .formatted(parts[next]));
    }
    return new Net(text, OptionalLong.of(bits), rtt, loss, slowStart);
  }

  private long bitsPerSecond() {
    Matcher rate = match(RATE);
    if (rate == null) {
      throw invalid(
          "'%s' is not a rate: a number of bits per second, with k, m or g, such as 50mbit or 2.5g"
              .formatted(parts[0]));
    }
    long bits = scaled(rate, BITS);
    if (bits < MIN_BITS || bits > MAX_BITS) {
      throw invalid("a rate is 8kbit to 100gbit");
    }
    return bits;
  }

  private long rttMicros() {
    Matcher rtt = match(RTT);
    if (rtt == null) {
      // The names stand for rates too, so that 100m,30ms means what it looks like.
      if (parts[0].equals("1g") || parts[0].equals("100m")) {
        return NAMED_RTT_MICROS;
      }
      throw invalid(
          next < parts.length
              ? "'%s' is not a round-trip time: a number with us, ms or s, such as 30ms"
                  .formatted(parts[next])
              : "the round-trip time is missing, such as %s,30ms".formatted(parts[0]));
    }
    long micros = scaled(rtt, MICROS);
    if (micros > MAX_RTT_MICROS) {
      throw invalid("a round trip is 0 to 10s");
    }
    return micros;
  }

  private double lossPercent() {
    Matcher loss = match(LOSS);
    if (loss == null) {
      return 0;
    }
    double percent = Double.parseDouble(loss.group(1));
    if (percent > MAX_LOSS_PERCENT) {
      throw invalid("a loss is 0% to 50%");
    }
    return percent;
  }

  private boolean take(String word) {
    boolean there = next < parts.length && parts[next].equals(word);
    if (there) {
      next++;
    }
    return there;
  }

  private @Nullable Matcher match(Pattern pattern) {
    if (next == parts.length) {
      return null;
    }
    Matcher matcher = pattern.matcher(parts[next]);
    if (!matcher.matches()) {
      return null;
    }
    next++;
    return matcher;
  }

  /** A number with a unit; what is beyond a long becomes the largest one. */
  private static long scaled(Matcher matcher, Map<String, Long> units) {
    BigDecimal unit = BigDecimal.valueOf(units.getOrDefault(matcher.group(2), 1L));
    BigDecimal value = new BigDecimal(matcher.group(1)).multiply(unit);
    return value
        .min(BigDecimal.valueOf(Long.MAX_VALUE))
        .setScale(0, RoundingMode.HALF_UP)
        .longValueExact();
  }

  private IllegalArgumentException invalid(String why) {
    return new IllegalArgumentException("not a network: '%s': %s; %s".formatted(text, why, VALID));
  }
}
