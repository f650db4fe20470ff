package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.runtime.Core;
import io.morsel.runtime.CoreSettings;
import io.morsel.snapshotter.ConfigKeys;
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

/** {@code morsel core}. */
@Command(
    name = "core",
    description = {
      "Serves containerd's API by itself, where no containerd runs, until SIGTERM or SIGINT.",
      "",
      "Namespaces, leases, content, images, snapshots, diffs, containers, tasks, events, plugins and"
          + " the sandbox store are served.",
      "",
      "Containers are run by containerd's shims, found by their names on PATH. They go on when the"
          + " core ends, also by kill -9, and the next core on the same directories finds them again.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel core",
      "  morsel core --root /var/tmp/core --state /run/core --address /run/core.sock",
      "  ctr --address /run/morsel/core.sock content fetch registry.example/app:1"
    })
final class CoreCommand implements Callable<Integer> {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "The configuration of lazy snapshots; /etc/morsel/config.toml, if it is there, by default."
              + " Its root and address are those of 'serve' and not used.")
  @Nullable Path config;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "Where metadata, content and snapshots are kept; /var/lib/morsel/core by default.")
  @Nullable Path root;

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description =
          "Where is kept what does not outlive a restart of the machine; /run/morsel/core by default.")
  @Nullable Path state;

  @Option(
      names = {"-a", "--address"},
      paramLabel = "SOCKET",
      description = "The socket for clients; /run/morsel/core.sock by default.")
  @Nullable Path address;

  @ParentCommand @Nullable MorselCommand parent;

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    MorselConfig effective = Configurations.load(config);
    LogLevel level = parent == null ? null : parent.logLevel;
    if (level != null) {
      effective = effective.with(ConfigKeys.LOG_LEVEL, level.name().toLowerCase(Locale.ROOT));
    }
    Logging.configure(effective);
    BuildInfo build = BuildInfo.load();
    CoreSettings settings =
        new CoreSettings(
            absolute(root, CoreSettings.DEFAULT_ROOT),
            absolute(state, CoreSettings.DEFAULT_STATE),
            absolute(address, CoreSettings.DEFAULT_ADDRESS),
            effective,
            build.version(),
            build.commit());
    try (Core core = Core.start(settings)) {
      core.awaitTermination();
    }
    return 0;
  }

  private static Path absolute(@Nullable Path given, Path otherwise) {
    return given == null ? otherwise : given.toAbsolutePath().normalize();
  }
}
