package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import java.io.IOException;
import java.nio.file.Path;
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

  @Option(
      names = "--record",
      description =
          "For ./morsel, which calls this while Morsel is installed: takes the program once through"
              + " what containers need of it, in a temporary directory, and ends.")
  boolean record;

  @ParentCommand @Nullable MorselCommand parent;

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    return line(parent == null ? null : parent.logLevel).serve();
  }

  /** What was filled in. */
  ServeLine line(@Nullable LogLevel level) {
    return new ServeLine(config, root, address, level, record);
  }
}
