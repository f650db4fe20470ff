package io.morsel.cli.io;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The names of signals, as {@code kill -l} knows them on Linux; see signal(7). */
public final class SignalNumber {
  /** What ends a process that is asked to. */
  public static final int TERM = 15;

  /** What ends a process that is not. */
  public static final int KILL = 9;

  /** What a process gets that writes where nobody reads. */
  public static final int PIPE = 13;

  private static final int RTMIN = 34;
  private static final int RTMAX = 64;

  /** By number, from 1 on: the same on every architecture that containerd has. */
  private static final List<String> NAMES =
      List.of(
          "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
          "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
          "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private static final Map<String, Integer> NUMBERS =
      IntStream.range(0, NAMES.size())
          .boxed()
          .collect(Collectors.toUnmodifiableMap(NAMES::get, i -> i + 1));

  private SignalNumber() {}

  /** The number of {@code TERM}, {@code SIGTERM}, {@code 15} or {@code RTMIN+2}; empty if none. */
  public static OptionalInt of(String text) {
    if (text.matches("\\d{1,2}")) {
      int number = Integer.parseInt(text);
      return number >= 1 && number <= RTMAX ? OptionalInt.of(number) : OptionalInt.empty();
    }
    String name = text.toUpperCase(Locale.ROOT);
    name = name.startsWith("SIG") ? name.substring(3) : name;
    if (name.startsWith("RTM")) {
      return realTime(name);
    }
    Integer number = NUMBERS.get(name);
    return number == null ? OptionalInt.empty() : OptionalInt.of(number);
  }

  private static OptionalInt realTime(String name) {
    int number;
    if (name.matches("RTMIN(\\+\\d{1,2})?")) {
      number = RTMIN + offset(name);
    } else if (name.matches("RTMAX(-\\d{1,2})?")) {
      number = RTMAX - offset(name);
    } else {
      return OptionalInt.empty();
    }
    return number >= RTMIN && number <= RTMAX ? OptionalInt.of(number) : OptionalInt.empty();
  }

  private static int offset(String name) {
    return name.length() == 5 ? 0 : Integer.parseInt(name.substring(6));
  }
}
