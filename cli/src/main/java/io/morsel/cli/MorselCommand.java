package io.morsel.cli;

import io.morsel.cli.terminal.LogLevel;
import io.morsel.cli.terminal.Verbosity;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line of {@code morsel} and what all its commands share. */
@Command(
    name = "morsel",
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Starts containers before their images are there: a lazy-pulling snapshotter for containerd.",
      ""
    },
    subcommands = {
      ServeCommand.class,
      CoreCommand.class,
      RunCommand.class,
      PullCommand.class,
      ConvertCommand.class,
      InspectCommand.class,
      ProfileCommand.class,
      ConfigCommand.class,
      VersionCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  morsel serve                                     run the snapshotter",
      "  morsel core                                      serve containerd's API without containerd",
      "  morsel run --rm registry.example/app:1           run a container, with or without a core",
      "  morsel pull registry.example/app:1               pull an image lazily into containerd",
      "  morsel convert app:1 registry.example/app:1      make an image lazily readable",
      "  morsel inspect registry.example/app:1            show what its layers are",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted; of 'run' the container's.",
      "'morsel COMMAND --help' explains a command."
    })
final class MorselCommand implements Runnable {
  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      scope = ScopeType.INHERIT,
      description =
          "Log to stderr from this level on: error, warn, info, debug, trace. Commands log from"
              + " warn on, 'serve' from what its configuration says.")
  @Nullable LogLevel logLevel;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this text.")
  boolean help;

  @Spec @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec self = spec;
    if (self != null) {
      throw new CommandLine.ParameterException(self.commandLine(), "a command is missing");
    }
  }

  /** Makes the log's level what the command line says. */
  void applyLogLevel() {
    if (logLevel != null) {
      Verbosity.set(logLevel);
    }
  }

  /** Whether a failure is shown with its stack trace. */
  boolean showsStackTraces() {
    return logLevel == LogLevel.TRACE || System.getenv("MORSEL_DEBUG") != null;
  }
}
