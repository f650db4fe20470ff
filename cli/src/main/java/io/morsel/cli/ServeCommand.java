package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.Daemon;
import io.morsel.snapshotter.Logging;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code morsel serve}. */
@Command(
    name = "serve",
    description = {
      "Runs the snapshotter, until SIGTERM or SIGINT.",
      "",
      "What is not said here comes from the configuration file; 'morsel config default' shows every"
          + " key.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel serve",
      "  morsel serve --config /etc/morsel/config.toml --log-level debug",
      "  morsel serve --root /var/tmp/morsel --address /tmp/morsel.sock"
    })
final class ServeCommand implements Callable<Integer> {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration; /etc/morsel/config.toml, if it is there, by default.")
  @Nullable Path config;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "Where layers and snapshots are kept, instead of the configured directory.")
  @Nullable Path root;

  @Option(
      names = {"-a", "--address"},
      paramLabel = "SOCKET",
      description = "The socket for containerd, instead of the configured one.")
  @Nullable Path address;

  @ParentCommand @Nullable MorselCommand parent;

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    MorselConfig effective = configuration();
    Logging.configure(effective);
    try (Daemon daemon = Daemon.start(effective, BuildInfo.load().version())) {
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
    LogLevel level = parent == null ? null : parent.logLevel;
    return level == null
        ? loaded
        : loaded.with(ConfigKeys.LOG_LEVEL, level.name().toLowerCase(Locale.ROOT));
  }
}
