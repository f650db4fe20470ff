package io.morsel.snapshotter;

import io.morsel.prefetch.FetchSettings;
import io.morsel.registry.Credentials;
import io.morsel.registry.DockerConfigCredentials;
import io.morsel.registry.JsonTree;
import io.morsel.registry.RegistrySettings;
import io.morsel.stargz.LayerLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlFactory;

/**
 * What an operator may set, with a value for every key of {@link ConfigKeys}.
 *
 * <p>Read strictly: an unknown key or a value of the wrong type is an error. Immutable.
 */
public final class MorselConfig {
  /** Where the configuration is, unless the command line says otherwise. */
  public static final Path DEFAULT_FILE = Path.of("/etc/morsel/config.toml");

  private static final int MAX_FILE_BYTES = 1 << 20;

  private final Map<ConfigKey<?>, Object> values;

  private MorselConfig(Map<ConfigKey<?>, Object> values) {
    this.values = Map.copyOf(values);
  }

  /** The default of every key. */
  public static MorselConfig defaults() {
    return new MorselConfig(Map.of());
  }

  /**
   * Reads {@link #DEFAULT_FILE}, or takes the defaults where it does not exist.
   *
   * @throws ConfigException if it can't be read or is not valid
   */
  public static MorselConfig loadDefaultFile() throws ConfigException {
    return Files.exists(DEFAULT_FILE) ? load(DEFAULT_FILE) : defaults();
  }

  /**
   * Reads a file, which must exist.
   *
   * @throws ConfigException if it can't be read or is not valid
   */
  public static MorselConfig load(Path file) throws ConfigException {
    String text;
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ConfigException(file + ": larger than " + MAX_FILE_BYTES + " bytes");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException(file + ": no such file", e);
    } catch (IOException e) {
      throw new ConfigException(file + ": can't be read: " + e, e);
    }
    return parse(text, file.toString());
  }

  /** Reads a file's text; {@code name} is what messages call it. */
  static MorselConfig parse(String text, String name) throws ConfigException {
    JsonNode document;
    try (JsonParser parser = new TomlFactory().createParser(ObjectReadContext.empty(), text)) {
      document = JsonTree.read(parser);
    } catch (JacksonException e) {
      TokenStreamLocation location = e.getLocation();
      String where = location == null ? "" : ":" + location.getLineNr();
      throw new ConfigException(name + where + ": not valid TOML: " + e.getOriginalMessage(), e);
    }
    Map<ConfigKey<?>, Object> values = new HashMap<>();
    for (Map.Entry<String, JsonNode> property : document.properties()) {
      String key = property.getKey();
      JsonNode value = property.getValue();
      if (!sections().contains(key)) {
        if (value.isObject()) {
          throw unknownSection(name, key);
        }
        read(values, name, key, value);
      } else if (value.isObject()) {
        for (Map.Entry<String, JsonNode> inner : value.properties()) {
          read(values, name, key + "." + inner.getKey(), inner.getValue());
        }
      } else {
        throw new ConfigException(
            name + ": " + key + " must be a section: write [" + key + "] and its keys below");
      }
    }
    return new MorselConfig(values);
  }

  private static void read(
      Map<ConfigKey<?>, Object> values, String file, String path, JsonNode node)
      throws ConfigException {
    ConfigKey<?> key =
        ConfigKeys.ALL.stream()
            .filter(candidate -> candidate.path().equals(path))
            .findFirst()
            .orElse(null);
    if (key == null) {
      throw unknown(file, path);
    }
    Optional<?> value = key.read(node);
    if (value.isEmpty()) {
      throw new ConfigException(
          file
              + ": "
              + path
              + " = "
              + shorten(node.toString())
              + ": expected "
              + key.validValues());
    }
    values.put(key, value.get());
  }

  private static ConfigException unknown(String file, String path) {
    String nearest =
        ConfigKeys.ALL.stream()
            .map(ConfigKey::path)
            .min(Comparator.comparingInt(valid -> distance(path, valid)))
            .orElseThrow();
    String section = path.contains(".") ? path.substring(0, path.indexOf('.')) : "";
    String valid =
        ConfigKeys.ALL.stream()
            .filter(key -> key.section().equals(section))
            .map(ConfigKey::name)
            .collect(Collectors.joining(", "));
    StringBuilder message = new StringBuilder(file + ": unknown key " + shorten(path));
    if (distance(path, nearest) <= Math.max(2, nearest.length() / 3)) {
      message.append("; did you mean ").append(nearest).append('?');
    }
    if (section.isEmpty()) {
      message.append("; valid at the top are ").append(valid);
      message.append(" and the sections ").append(String.join(", ", sections()));
    } else if (!valid.isEmpty()) {
      message.append("; valid in [").append(section).append("] are ").append(valid);
    }
    return new ConfigException(message.toString());
  }

  private static ConfigException unknownSection(String file, String section) {
    String nearest =
        sections().stream()
            .min(Comparator.comparingInt(valid -> distance(section, valid)))
            .orElseThrow();
    return new ConfigException(
        file
            + ": unknown section ["
            + shorten(section)
            + "]"
            + (distance(section, nearest) <= 2 ? "; did you mean [" + nearest + "]?" : "")
            + "; valid are ["
            + String.join("], [", sections())
            + "]");
  }

  private static List<String> sections() {
    return ConfigKeys.ALL.stream()
        .map(ConfigKey::section)
        .filter(section -> !section.isEmpty())
        .distinct()
        .toList();
  }

  private static String shorten(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  /** How many characters have to be inserted, deleted or replaced to get from one to the other. */
  private static int distance(String from, String to) {
    String bounded = from.length() > 100 ? from.substring(0, 100) : from;
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= bounded.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (bounded.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }

  /** The value of {@code key}. */
  // Values are only ever put under the key that read them or that the compiler checked.
  @SuppressWarnings("unchecked")
  public <T> T get(ConfigKey<T> key) {
    Object value = values.get(key);
    return value == null ? key.defaultValue() : (T) value;
  }

  /** The same configuration with another value for {@code key}. */
  public <T> MorselConfig with(ConfigKey<T> key, T value) {
    Map<ConfigKey<?>, Object> changed = new HashMap<>(values);
    changed.put(key, Objects.requireNonNull(value));
    return new MorselConfig(changed);
  }

  /** What the fetch engine needs. */
  public FetchSettings fetch() {
    return new FetchSettings(
        get(ConfigKeys.FETCH_PREFETCH),
        get(ConfigKeys.FETCH_BACKGROUND_FILL),
        get(ConfigKeys.FETCH_BACKGROUND_FILL_DELAY_MILLIS),
        Math.toIntExact(get(ConfigKeys.FETCH_MAX_REQUESTS)),
        Math.toIntExact(get(ConfigKeys.FETCH_MAX_REQUEST_BYTES)),
        Math.toIntExact(get(ConfigKeys.FETCH_READ_AHEAD_BYTES)),
        get(ConfigKeys.FETCH_HOT_CHUNK_BYTES),
        get(ConfigKeys.FETCH_READ_TIMEOUT_MILLIS),
        get(ConfigKeys.VERIFICATION_ALLOW_UNVERIFIED_TOC),
        limits());
  }

  /** Bounds on what a layer may hold. */
  public LayerLimits limits() {
    return new LayerLimits(
        get(ConfigKeys.LIMITS_MAX_TOC_BYTES),
        Math.toIntExact(get(ConfigKeys.LIMITS_MAX_ENTRIES)),
        Math.toIntExact(get(ConfigKeys.LIMITS_MAX_DEPTH)),
        Math.toIntExact(get(ConfigKeys.LIMITS_MAX_CHUNK_BYTES)),
        get(ConfigKeys.LIMITS_MAX_DATA_BYTES),
        Math.toIntExact(get(ConfigKeys.LIMITS_MAX_XATTR_BYTES)));
  }

  /** What the registry client needs. */
  public RegistrySettings registry(String version) {
    RegistrySettings defaults = RegistrySettings.defaults(version);
    return defaults
        .withPlainHttpHosts(Set.copyOf(get(ConfigKeys.REGISTRY_PLAIN_HTTP_HOSTS)))
        .withTimeouts(
            Duration.ofMillis(get(ConfigKeys.REGISTRY_CONNECT_TIMEOUT_MILLIS)),
            Duration.ofMillis(get(ConfigKeys.REGISTRY_READ_TIMEOUT_MILLIS)),
            defaults.timeouts().operation())
        .withHostsDirectory(hostsDirectory())
        .withRetries(
            Math.toIntExact(get(ConfigKeys.REGISTRY_RETRIES)),
            defaults.retries().backoffMin(),
            defaults.retries().backoffMax());
  }

  /** Where the mirrors of registries are configured; null for nowhere. */
  public @Nullable Path hostsDirectory() {
    String directory = get(ConfigKeys.REGISTRY_CONFIG_PATH);
    return directory.isEmpty() ? null : Path.of(directory);
  }

  /** Whether a key has been given a value, be it its default. */
  public boolean isSet(ConfigKey<?> key) {
    return values.containsKey(key);
  }

  /** The credentials for registries: those of the configured Docker configuration. */
  public Credentials credentials() {
    String directory = get(ConfigKeys.REGISTRY_DOCKER_CONFIG);
    return directory.isEmpty()
        ? DockerConfigCredentials.fromEnvironment()
        : new DockerConfigCredentials(Path.of(directory).resolve("config.json"));
  }

  /** This configuration as a documented file; each key at its default is commented out. */
  public String toToml() {
    StringBuilder toml =
        new StringBuilder(
            "# Morsel's configuration. A key that is commented out shows its default.\n");
    grouped()
        .forEach(
            (section, keys) -> {
              if (!section.isEmpty()) {
                toml.append("\n[").append(section).append("]\n");
              }
              for (ConfigKey<?> key : keys) {
                toml.append('\n');
                for (String line : wrap(key.meaning())) {
                  toml.append("# ").append(line).append('\n');
                }
                toml.append("# Valid: ").append(key.validValues()).append(".\n");
                toml.append(line(key)).append('\n');
              }
            });
    return toml.toString();
  }

  private <T> String line(ConfigKey<T> key) {
    T value = get(key);
    String line = key.name() + " = " + key.toml(value);
    return value.equals(key.defaultValue()) ? "#" + line : line;
  }

  /** The reference of all keys, as {@code docs/configuration.md} has it. */
  public static String toMarkdown() {
    StringBuilder text = new StringBuilder();
    grouped()
        .forEach(
            (section, keys) -> {
              text.append(section.isEmpty() ? "## At the top\n\n" : "## `[" + section + "]`\n\n");
              for (ConfigKey<?> key : keys) {
                text.append("### `").append(key.path()).append("`\n\n");
                text.append(key.meaning()).append("\n\n");
                text.append("Valid: ").append(key.validValues()).append(".\n");
                text.append("Default: `").append(key.defaultToml()).append("`.\n\n");
              }
            });
    return text.toString().stripTrailing() + "\n";
  }

  private static Map<String, List<ConfigKey<?>>> grouped() {
    return ConfigKeys.ALL.stream()
        .collect(
            Collectors.groupingBy(ConfigKey::section, LinkedHashMap::new, Collectors.toList()));
  }

  private static List<String> wrap(String text) {
    List<String> lines = new java.util.ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > 96) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }
}
