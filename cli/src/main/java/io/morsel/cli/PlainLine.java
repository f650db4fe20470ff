package io.morsel.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Command lines as units and scripts have them, which are understood without picocli: its class
 * files are of Java 5, which the virtual machine keeps out of the cache that it starts from, and
 * reading and verifying them takes as long as half of a daemon's start.
 */
final class PlainLine {
  private PlainLine() {}

  /**
   * Reads a command and options that are spelled out, each at most once and each with a plain
   * value.
   *
   * @param options the names of those that have a value
   * @param flags the names of those that have none
   * @return the options' values, those of flags empty; empty for any other line, be it right or
   *     wrong: picocli is to judge it
   */
  static Optional<Map<String, String>> read(
      String command, List<String> options, List<String> flags, String... arguments) {
    if (arguments.length == 0 || !arguments[0].equals(command)) {
      return Optional.empty();
    }
    Map<String, String> values = new HashMap<>();
    for (int i = 1; i < arguments.length; i++) {
      String name = arguments[i];
      String value = "";
      if (!flags.contains(name)) {
        if (!options.contains(name) || i + 1 == arguments.length || !isPlain(arguments[i + 1])) {
          return Optional.empty();
        }
        value = arguments[++i];
      }
      if (values.put(name, value) != null) {
        return Optional.empty();
      }
    }
    return Optional.of(values);
  }

  /** Without anything that picocli gives a meaning: files of options, quotes, variables. */
  static boolean isPlain(String value) {
    for (int i = 0; i < value.length(); i++) {
      char each = value.charAt(i);
      boolean letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
      boolean plain = letter || (each >= '0' && each <= '9') || "/._".indexOf(each) >= 0;
      if (!plain && (i == 0 || ":,+=~@-".indexOf(each) < 0)) {
        return false;
      }
    }
    return !value.isEmpty();
  }
}
