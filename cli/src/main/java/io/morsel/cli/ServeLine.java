package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.Daemon;
import io.morsel.snapshotter.Logging;
import io.morsel.snapshotter.MorselConfig;
import io.morsel.snapshotter.SnapshotterRehearsal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a command line of {@code morsel serve} asks for, and how it is done.
 *
 * <p>A {@link PlainLine} where it can be.
 *
 * @param config the configuration; null for the default one
 * @param root instead of the configured one; null for that
 * @param address instead of the configured one; null for that
 * @param logLevel instead of the configured one; null for that
 * @param record whether to go once through everything and end
 */
record ServeLine(
    @Nullable Path config,
    @Nullable Path root,
    @Nullable Path address,
    @Nullable LogLevel logLevel,
    boolean record) {
  private static final String RECORD = "--record";
  private static final List<String> OPTIONS =
      List.of("--config", "--root", "--address", "--log-level");

  /**
   * Reads {@code serve} and options that are spelled out, each at most once and each with a plain
   * value.
   *
   * @return empty for any other line, be it right or wrong: picocli is to judge it
   */
  static Optional<ServeLine> of(String... arguments) {
    return PlainLine.read("serve", OPTIONS, List.of(RECORD), arguments).flatMap(ServeLine::of);
  }

  private static Optional<ServeLine> of(Map<String, String> values) {
    try {
      return Optional.of(
          new ServeLine(
              path(values.get("--config")),
              path(values.get("--root")),
              path(values.get("--address")),
              level(values.get("--log-level")),
              values.containsKey(RECORD)));
    } catch (IllegalArgumentException e) { // No path, or no level.
      return Optional.empty();
    }
  }

  static @Nullable Path path(@Nullable String value) {
    return value == null ? null : Path.of(value);
  }

  static @Nullable LogLevel level(@Nullable String value) {
    return value == null ? null : LogLevel.valueOf(value.toUpperCase(Locale.ROOT));
  }

  /**
   * Serves until the process is told to stop, or records.
   *
   * @return the exit code
   */
  int serve() throws CommandException, IOException, InterruptedException {
    MorselConfig effective = configuration();
    Logging.configure(effective);
    String version = BuildInfo.load().version();
    if (record) {
      SnapshotterRehearsal.record(effective, version);
      return 0;
    }
    try (Daemon daemon = Daemon.start(effective, version)) {
      daemon.awaitTermination();
    }
    return 0;
  }

  private MorselConfig configuration() throws CommandException {
    MorselConfig loaded = Configurations.load(config);
    if (root != null) {
      loaded = loaded.with(ConfigKeys.ROOT, root.toAbsolutePath().normalize());
    }
    if (address != null) {
      loaded = loaded.with(ConfigKeys.ADDRESS, address.toAbsolutePath().normalize());
    }
    return logLevel == null
        ? loaded
        : loaded.with(ConfigKeys.LOG_LEVEL, logLevel.name().toLowerCase(Locale.ROOT));
  }
}
