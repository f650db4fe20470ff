package io.morsel.stargz.tar;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A time in a PAX record: seconds since 1970 in decimal digits, with a fraction.
 *
 * @param seconds whole seconds, rounded down
 * @param nanos nanoseconds after {@code seconds}
 */
record PaxTime(long seconds, int nanos) {
  private static final Pattern SYNTAX = Pattern.compile("(-?)([0-9]{1,18})(?:\\.([0-9]{0,64}))?");
  private static final int BILLION = 1_000_000_000;

  static PaxTime parse(String text) throws LayerFormatException {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw new LayerFormatException(
          Kind.MALFORMED, "PAX header with mtime " + ByteStrings.text(text) + ", which is no time");
    }
    long seconds = Long.parseLong(matcher.group(2));
    String fraction = matcher.group(3) == null ? "" : matcher.group(3);
    int nanos = Integer.parseInt((fraction + "000000000").substring(0, 9));
    if (matcher.group(1).isEmpty()) {
      return new PaxTime(seconds, nanos);
    }
    return nanos == 0 ? new PaxTime(-seconds, 0) : new PaxTime(-seconds - 1, BILLION - nanos);
  }

  @Override
  public String toString() {
    boolean negative = seconds < 0 && nanos > 0;
    long whole = negative ? -(seconds + 1) : seconds;
    int rest = negative ? BILLION - nanos : nanos;
    String text = (negative ? "-" : "") + whole;
    return rest == 0 ? text : text + "." + "%09d".formatted(rest).replaceFirst("0+$", "");
  }
}
