package io.morsel.cli.core;

import io.morsel.cli.terminal.CommandException;
import java.util.List;
import java.util.Map;

/**
 * A filter of a list as a command line has it: {@code KEY=VALUE}.
 *
 * @param key what is looked at
 * @param value what it has to be
 */
public record KeyValue(String key, String value) {
  /**
   * Reads filters.
   *
   * @param known the keys that the list has
   * @throws CommandException with exit code 2 if one is malformed or has another key
   */
  public static List<KeyValue> parse(List<String> texts, List<String> known)
      throws CommandException {
    for (String text : texts) {
      int equals = text.indexOf('=');
      if (equals <= 0 || !known.contains(text.substring(0, equals))) {
        throw CommandException.usage(
            "no such filter '"
                + text
                + "': expected KEY=VALUE with a key of "
                + String.join(", ", known));
      }
    }
    return texts.stream()
        .map(text -> text.split("=", 2))
        .map(parts -> new KeyValue(parts[0], parts[1]))
        .toList();
  }

  /** Whether a set of labels has the one that the value names: {@code NAME} or {@code NAME=IS}. */
  public boolean matchesLabel(Map<String, String> labels) {
    int equals = value.indexOf('=');
    String name = equals < 0 ? value : value.substring(0, equals);
    String is = labels.get(name);
    return is != null && (equals < 0 || is.equals(value.substring(equals + 1)));
  }
}
