package io.morsel.cli;

import io.morsel.cli.terminal.LogLevel;
import io.morsel.cli.terminal.Verbosity;
import java.util.List;
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
      PullCommand.class,
      ConvertCommand.class,
      InspectCommand.class,
      ProfileCommand.class,
      ConfigCommand.class,
      VersionCommand.class,
      PsCommand.class,
      ExecCommand.class,
      LogsCommand.class,
      TopCommand.class,
      StatsCommand.class,
      StopCommand.class,
      KillCommand.class,
      RmCommand.class,
      ImagesCommand.class,
      TagCommand.class,
      PushCommand.class,
      RmiCommand.class,
      EventsCommand.class,
      NamespacesCommand.class,
      GcCommand.class,
      CompletionCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  morsel serve                                     run the snapshotter",
      "  morsel core                                      serve containerd's API without containerd",
      "  morsel pull registry.example/app:1               pull an image lazily into containerd",
      "  morsel convert app:1 registry.example/app:1      make an image lazily readable",
      "  morsel inspect registry.example/app:1            show what its layers are",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted.",
      "'morsel COMMAND --help' explains a command."
    })
final class MorselCommand implements Runnable {
  /** Commands behind whose first argument another program's words follow, options included. */
  static final List<String> WITH_FOREIGN_WORDS = List.of("exec", "top");

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
