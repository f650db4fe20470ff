package io.morsel.cli;

import io.morsel.cli.run.RunsService;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.runtime.Core;
import io.morsel.runtime.CoreRehearsal;
import io.morsel.runtime.CoreSettings;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.Logging;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a command line of {@code morsel core} asks for, and how it is done; a {@link PlainLine}
 * where it can be.
 *
 * @param config the configuration; null for the default one
 * @param root null for the default one
 * @param state null for the default one
 * @param address null for the default one
 * @param logLevel instead of the configured one; null for that
 * @param record whether to go once through everything and end
 */
record CoreLine(
    @Nullable Path config,
    @Nullable Path root,
    @Nullable Path state,
    @Nullable Path address,
    @Nullable LogLevel logLevel,
    boolean record) {
  private static final String RECORD = "--record";
  private static final List<String> OPTIONS =
      List.of("--config", "--root", "--state", "--address", "--log-level");

  /**
   * Reads {@code core} and options that are spelled out, each at most once and each with a plain
   * value.
   *
   * @return empty for any other line, be it right or wrong: picocli is to judge it
   */
  static Optional<CoreLine> of(String... arguments) {
    return PlainLine.read("core", OPTIONS, List.of(RECORD), arguments).flatMap(CoreLine::of);
  }

  private static Optional<CoreLine> of(Map<String, String> values) {
    try {
      return Optional.of(
          new CoreLine(
              ServeLine.path(values.get("--config")),
              ServeLine.path(values.get("--root")),
              ServeLine.path(values.get("--state")),
              ServeLine.path(values.get("--address")),
              ServeLine.level(values.get("--log-level")),
              values.containsKey(RECORD)));
    } catch (IllegalArgumentException e) { // No path, or no level.
      return Optional.empty();
    }
  }

  /**
   * Serves until the process is told to stop, or records.
   *
   * @return the exit code
   */
  int serve() throws CommandException, IOException, InterruptedException {
    MorselConfig effective = Configurations.load(config);
    if (logLevel != null) {
      effective = effective.with(ConfigKeys.LOG_LEVEL, logLevel.name().toLowerCase(Locale.ROOT));
    }
    Logging.configure(effective);
    BuildInfo build = BuildInfo.load();
    if (record) {
      CoreRehearsal.run(effective, build.version(), build.commit());
      return 0;
    }
    CoreSettings settings =
        new CoreSettings(
            absolute(root, CoreSettings.DEFAULT_ROOT),
            absolute(state, CoreSettings.DEFAULT_STATE),
            absolute(address, CoreSettings.DEFAULT_ADDRESS),
            effective,
            build.version(),
            build.commit());
    try (Core core = Core.startDaemon(settings, address -> List.of(new RunsService(address)))) {
      core.awaitTermination();
    }
    return 0;
  }

  private static Path absolute(@Nullable Path given, Path otherwise) {
    return given == null ? otherwise : given.toAbsolutePath().normalize();
  }
}
