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

/** {@code morsel core}. */
@Command(
    name = "core",
    description = {
      "Serves containerd's API by itself, where no containerd runs, until SIGTERM or SIGINT.",
      "",
      "Namespaces, leases, content, images, snapshots, diffs, containers, tasks, transfers, events,"
          + " plugins and the sandbox store are served.",
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
              + " Its root and address are those of 'serve' and not used; metrics are served where its"
              + " metrics.address says so.")
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

  @Option(
      names = "--record",
      description =
          "For ./morsel, which calls this while Morsel is installed: takes the core once through"
              + " what clients need of it, in a temporary directory, and ends.")
  boolean record;

  @ParentCommand @Nullable MorselCommand parent;

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    return line(parent == null ? null : parent.logLevel).serve();
  }

  /** What was filled in. */
  CoreLine line(@Nullable LogLevel level) {
    return new CoreLine(config, root, state, address, level, record);
  }
}
