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
    footer = {
      "",
      "Examples:",
      "  morsel serve                                     run the snapshotter",
      "  morsel core                                      serve containerd's API without containerd",
      "  morsel run --rm registry.example/app:1           run a container, with or without a core",
      "  morsel pull registry.example/app:1               pull an image lazily into containerd",
      "  morsel convert app:1 registry.example/app:1      make an image lazily readable",
      "  morsel inspect registry.example/app:1            show what its layers are",
      "  morsel ps -a                                     list containers",
      "  morsel exec -it web sh                           look around in one",
      "  morsel images                                    list images, and how much of them is there",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong command line, 130 interrupted; of 'run' and 'exec' those of"
          + " what they ran.",
      "'morsel COMMAND --help' explains a command."
    })
final class MorselCommand implements Runnable {
  /** Commands behind whose first argument another program's words follow, options included. */
  static final List<String> WITH_FOREIGN_WORDS = List.of("run", "exec", "top");

  /** The commands, in the order in which they are listed. */
  static final List<String> NAMES =
      List.of(
          "serve",
          "core",
          "run",
          "pull",
          "convert",
          "inspect",
          "profile",
          "config",
          "version",
          "ps",
          "exec",
          "attach",
          "logs",
          "top",
          "stats",
          "stop",
          "kill",
          "rm",
          "images",
          "tag",
          "push",
          "rmi",
          "events",
          "namespaces",
          "gc",
          "completion");

  /** A command's class, which is loaded only where it is asked for. */
  static Class<?> command(String name) {
    return switch (name) {
      case "serve" -> ServeCommand.class;
      case "core" -> CoreCommand.class;
      case "run" -> RunCommand.class;
      case "pull" -> PullCommand.class;
      case "convert" -> ConvertCommand.class;
      case "inspect" -> InspectCommand.class;
      case "profile" -> ProfileCommand.class;
      case "config" -> ConfigCommand.class;
      case "version" -> VersionCommand.class;
      case "ps" -> PsCommand.class;
      case "exec" -> ExecCommand.class;
      case "attach" -> AttachCommand.class;
      case "logs" -> LogsCommand.class;
      case "top" -> TopCommand.class;
      case "stats" -> StatsCommand.class;
      case "stop" -> StopCommand.class;
      case "kill" -> KillCommand.class;
      case "rm" -> RmCommand.class;
      case "images" -> ImagesCommand.class;
      case "tag" -> TagCommand.class;
      case "push" -> PushCommand.class;
      case "rmi" -> RmiCommand.class;
      case "events" -> EventsCommand.class;
      case "namespaces" -> NamespacesCommand.class;
      case "gc" -> GcCommand.class;
      case "completion" -> CompletionCommand.class;
      default -> throw new IllegalArgumentException(name);
    };
  }

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
