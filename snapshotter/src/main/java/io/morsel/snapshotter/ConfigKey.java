package io.morsel.snapshotter;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * One key of {@code config.toml}: its name, type, bounds, default and meaning, in one place.
 *
 * <p>What reads a file, what prints the defaults and what writes the documentation all go by {@link
 * ConfigKeys#ALL}.
 *
 * @param <T> what the key's values are
 */
public final class ConfigKey<T> {
  /** Reads values and writes them down. */
  interface Type<T> {
    /** What a valid value is, such as "a whole number from 1 to 64". */
    String describe();

    /** The value; empty where the node holds no valid one. */
    Optional<T> read(JsonNode node);

    /** The value as TOML. */
    String write(T value);
  }

  private final String section;
  private final String name;
  private final Type<T> type;
  private final T defaultValue;
  private final String meaning;

  ConfigKey(String section, String name, Type<T> type, T defaultValue, String meaning) {
    this.section = section;
    this.name = name;
    this.type = type;
    this.defaultValue = defaultValue;
    this.meaning = meaning;
  }

  /** The section that the key stands in; empty for those at the top of the file. */
  public String section() {
    return section;
  }

  /** The key's name within its section. */
  public String name() {
    return name;
  }

  /** Section and name, joined by a dot. */
  public String path() {
    return section.isEmpty() ? name : section + "." + name;
  }

  /** What the key is for, in one or a few sentences. */
  public String meaning() {
    return meaning;
  }

  /** What a valid value is. */
  public String validValues() {
    return type.describe();
  }

  /** The value where the file gives none. */
  public T defaultValue() {
    return defaultValue;
  }

  /** The default as TOML. */
  public String defaultToml() {
    return type.write(defaultValue);
  }

  Optional<T> read(JsonNode node) {
    return type.read(node);
  }

  String toml(T value) {
    return type.write(value);
  }

  @Override
  public String toString() {
    return path();
  }

  static Type<String> text(String description) {
    return new Type<>() {
      @Override
      public String describe() {
        return description;
      }

      @Override
      public Optional<String> read(JsonNode node) {
        return node.isString() ? Optional.of(node.stringValue()) : Optional.empty();
      }

      @Override
      public String write(String value) {
        return quote(value);
      }
    };
  }

  static Type<Path> absolutePath() {
    return new Type<>() {
      @Override
      public String describe() {
        return "an absolute path, in quotes";
      }

      @Override
      public Optional<Path> read(JsonNode node) {
        try {
          return node.isString()
              ? Optional.of(Path.of(node.stringValue())).filter(Path::isAbsolute)
              : Optional.empty();
        } catch (InvalidPathException e) {
          return Optional.empty();
        }
      }

      @Override
      public String write(Path value) {
        return quote(value.toString());
      }
    };
  }

  /** An absolute path, or nothing. */
  static Type<String> absolutePathOrNone() {
    return new Type<>() {
      @Override
      public String describe() {
        return "an absolute path, in quotes, or \"\" for none";
      }

      @Override
      public Optional<String> read(JsonNode node) {
        return node.isString() && node.stringValue().isEmpty()
            ? Optional.of("")
            : absolutePath().read(node).map(Path::toString);
      }

      @Override
      public String write(String value) {
        return quote(value);
      }
    };
  }

  static Type<Boolean> flag() {
    return new Type<>() {
      @Override
      public String describe() {
        return "true or false";
      }

      @Override
      public Optional<Boolean> read(JsonNode node) {
        return node.isBoolean() ? Optional.of(node.booleanValue()) : Optional.empty();
      }

      @Override
      public String write(Boolean value) {
        return value.toString();
      }
    };
  }

  static Type<Long> number(long min, long max, String unit) {
    return new Type<>() {
      @Override
      public String describe() {
        return "a whole number" + unit + " from " + min + " to " + max;
      }

      @Override
      public Optional<Long> read(JsonNode node) {
        return node.isIntegralNumber()
                && node.canConvertToLong()
                && node.longValue() >= min
                && node.longValue() <= max
            ? Optional.of(node.longValue())
            : Optional.empty();
      }

      @Override
      public String write(Long value) {
        return value.toString();
      }
    };
  }

  static Type<String> choice(String... values) {
    List<String> valid = List.of(values);
    return new Type<>() {
      @Override
      public String describe() {
        return "one of \"" + String.join("\", \"", valid) + "\"";
      }

      @Override
      public Optional<String> read(JsonNode node) {
        return node.isString()
            ? Optional.of(node.stringValue()).filter(valid::contains)
            : Optional.empty();
      }

      @Override
      public String write(String value) {
        return quote(value);
      }
    };
  }

  static Type<List<String>> texts(String description) {
    return new Type<>() {
      @Override
      public String describe() {
        return description;
      }

      @Override
      public Optional<List<String>> read(JsonNode node) {
        if (!node.isArray()) {
          return Optional.empty();
        }
        List<String> values = new ArrayList<>();
        for (JsonNode element : node) {
          if (!element.isString() || element.stringValue().isBlank()) {
            return Optional.empty();
          }
          values.add(element.stringValue());
        }
        return Optional.of(List.copyOf(values));
      }

      @Override
      public String write(List<String> value) {
        return value.stream().map(ConfigKey::quote).toList().toString();
      }
    };
  }

  /** {@code host:port}, or nothing. */
  static Type<String> listenAddress() {
    return new Type<>() {
      @Override
      public String describe() {
        return "\"host:port\" with a port from 0 to 65535, or \"\" for none";
      }

      @Override
      public Optional<String> read(JsonNode node) {
        if (!node.isString()) {
          return Optional.empty();
        }
        String value = node.stringValue();
        return value.isEmpty() || isHostAndPort(value) ? Optional.of(value) : Optional.empty();
      }

      @Override
      public String write(String value) {
        return quote(value);
      }
    };
  }

  private static boolean isHostAndPort(String value) {
    int colon = value.lastIndexOf(':');
    String port = value.substring(colon + 1);
    return colon > 0 && port.matches("[0-9]{1,5}") && Integer.parseInt(port) <= 65_535;
  }

  /** A TOML basic string. */
  private static String quote(String value) {
    StringBuilder quoted = new StringBuilder("\"");
    value
        .chars()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
              } else if (c < 0x20 || c == 0x7f) {
                quoted.append(String.format("\\u%04X", c));
              } else {
                quoted.append((char) c);
              }
            });
    return quoted.append('"').toString();
  }
}
