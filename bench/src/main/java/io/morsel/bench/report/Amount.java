package io.morsel.bench.report;

import io.morsel.cli.terminal.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;

/** Figures with their units, as people read them. */
final class Amount {
  private static final Pattern TRAILING_ZEROS = Pattern.compile("(\\.\\d*?)0+(?=\\D|$)");
  private static final int EXACT_DIGITS = 4;

  private Amount() {}

  /** About three significant digits and a fitting unit: {@code 830 ms}, {@code 5.51 s}. */
  static String of(double value, String unit) {
    return switch (unit) {
      case "ns" -> value < 1000 ? digits(value) + " ns" : of(value / 1000, "us");
      case "us" -> value < 1000 ? digits(value) + " µs" : of(value / 1000, "ms");
      case "ms" -> value < 999.5 ? digits(value) + " ms" : Quantity.millis(Math.round(value));
      case "s" -> value < 1 ? digits(value) + " s" : Quantity.millis(Math.round(value * 1000));
      case "bytes" -> Quantity.bytes(Math.round(value));
      case "ratio" -> ratio(value);
      case "" -> digits(value);
      default -> digits(value) + " " + unit;
    };
  }

  /** The same without needless zeros, for axes: {@code 2 s}. */
  static String tick(double value, String unit) {
    // Minutes and seconds are no round numbers.
    String text =
        unit.equals("ms") && value >= 1000 ? number(value / 1000, 2) + " s" : of(value, unit);
    return TRAILING_ZEROS
        .matcher(text)
        .replaceAll(match -> match.group(1).equals(".") ? "" : match.group(1));
  }

  /** How many times something: {@code 0.16×}. */
  static String ratio(double value) {
    return number(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + "×";
  }

  /** All digits that a measurement can carry, without the unit: {@code 5,512.25}. */
  static String exact(double value) {
    if (!Double.isFinite(value)) {
      return String.valueOf(value);
    }
    BigDecimal number = BigDecimal.valueOf(value);
    int scale =
        Math.abs(value) >= 1 || value == 0
            ? 3
            : EXACT_DIGITS - 1 - (number.precision() - number.scale() - 1);
    BigDecimal rounded = number.setScale(scale, RoundingMode.HALF_UP).stripTrailingZeros();
    return number(rounded.doubleValue(), Math.max(0, rounded.scale()));
  }

  /** A count on an axis: {@code 50}, {@code 10k}, {@code 1M}. */
  static String count(double value) {
    if (value >= 1_000_000 && value % 100_000 == 0) {
      return exact(value / 1_000_000) + "M";
    }
    if (value >= 1000 && value % 100 == 0) {
      return exact(value / 1000) + "k";
    }
    return exact(value);
  }

  private static String digits(double value) {
    double size = Math.abs(value);
    if (size >= 1e9) {
      return number(value / 1e9, 2) + " G";
    }
    if (size >= 1e6) {
      return number(value / 1e6, 2) + " M";
    }
    if (value == Math.rint(value) || size >= 99.95) {
      return number(value, 0);
    }
    if (size >= 0.01) {
      return number(value, size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
    }
    return exact(value);
  }

  private static String number(double value, int decimals) {
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }
}
