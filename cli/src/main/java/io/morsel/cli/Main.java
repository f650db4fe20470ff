package io.morsel.cli;

import io.morsel.cli.terminal.Errors;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.LogLevel;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** The {@code morsel} program. */
public final class Main {
  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] arguments) {
    System.exit(
        run(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            arguments));
  }

  /**
   * Runs one command.
   *
   * @param out what the command prints for its user or for a program
   * @param err progress and errors
   * @return the exit code, one of {@link ExitCode}
   */
  public static int run(PrintWriter out, PrintWriter err, String... arguments) {
    // Numbers and messages don't change with the machine's language.
    Locale.setDefault(Locale.ROOT);
    Optional<ServeLine> serve = ServeLine.of(arguments);
    if (serve.isPresent()) {
      return plain("serve", serve.get()::serve, serve.get().logLevel(), out, err);
    }
    Optional<CoreLine> core = CoreLine.of(arguments);
    if (core.isPresent()) {
      return plain("core", core.get()::serve, core.get().logLevel(), out, err);
    }
    Optional<RunLine> run = RunLine.of(arguments);
    if (run.isPresent()) {
      return plain("run", () -> run.get().run(out, err), run.get().logLevel(), out, err);
    }
    return execute(commandLine(new MorselCommand(), needed(arguments), out, err), arguments);
  }

  /** What a command does whose line was understood without picocli. */
  @FunctionalInterface
  private interface Doing {
    int run() throws Exception;
  }

  private static int plain(
      String name, Doing doing, @Nullable LogLevel logLevel, PrintWriter out, PrintWriter err) {
    int code;
    try {
      code = doing.run();
    } catch (Exception failure) {
      MorselCommand morsel = new MorselCommand();
      morsel.logLevel = logLevel;
      CommandLine command =
          Objects.requireNonNull(
              commandLine(morsel, List.of(name), out, err).getSubcommands().get(name));
      code = Errors.report(failure, command, morsel.showsStackTraces());
    }
    out.flush();
    err.flush();
    return code;
  }

  private static int execute(CommandLine line, String... arguments) {
    int code = line.execute(arguments);
    line.getOut().flush();
    line.getErr().flush();
    return code;
  }

  /**
   * The commands that a command line can be about: looking through the options of all of them takes
   * longer than many a command.
   */
  private static List<String> needed(String... arguments) {
    boolean one =
        arguments.length > 0
            && MorselCommand.NAMES.contains(arguments[0])
            // It is about all the others.
            && !arguments[0].equals("completion");
    return one ? List.of(arguments[0]) : MorselCommand.NAMES;
  }

  private static CommandLine commandLine(
      MorselCommand morsel, List<String> commands, PrintWriter out, PrintWriter err) {
    CommandLine line = new CommandLine(morsel);
    for (String name : commands) {
      line.addSubcommand(name, MorselCommand.command(name));
    }
    line.setOut(out)
        .setErr(err)
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((wrong, ignored) -> Errors.usage(wrong))
        .setExecutionExceptionHandler(
            (failure, command, ignored) ->
                Errors.report(failure, command, morsel.showsStackTraces()))
        .setExecutionStrategy(
            parsed -> {
              morsel.applyLogLevel();
              return new CommandLine.RunLast().execute(parsed);
            });
    for (String name : MorselCommand.WITH_FOREIGN_WORDS) {
      CommandLine command = line.getSubcommands().get(name);
      if (command != null) {
        command.setStopAtPositional(true);
      }
    }
    line.getCommandSpec().exitCodeOnInvalidInput(ExitCode.USAGE);
    return line;
  }
}
