package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Errors;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.LogLevel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
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
      return daemon("serve", serve.get()::serve, serve.get().logLevel(), out, err);
    }
    Optional<CoreLine> core = CoreLine.of(arguments);
    if (core.isPresent()) {
      return daemon("core", core.get()::serve, core.get().logLevel(), out, err);
    }
    return execute(commandLine(new MorselCommand(), out, err), arguments);
  }

  /** What a daemon does until it ends. */
  @FunctionalInterface
  private interface Serving {
    int serve() throws CommandException, IOException, InterruptedException;
  }

  private static int daemon(
      String name, Serving serving, @Nullable LogLevel logLevel, PrintWriter out, PrintWriter err) {
    try {
      return serving.serve();
    } catch (CommandException | IOException | InterruptedException | RuntimeException failure) {
      MorselCommand morsel = new MorselCommand();
      morsel.logLevel = logLevel;
      CommandLine command =
          Objects.requireNonNull(commandLine(morsel, out, err).getSubcommands().get(name));
      int code = Errors.report(failure, command, morsel.showsStackTraces());
      err.flush();
      return code;
    }
  }

  private static int execute(CommandLine line, String... arguments) {
    int code = line.execute(arguments);
    line.getOut().flush();
    line.getErr().flush();
    return code;
  }

  private static CommandLine commandLine(MorselCommand morsel, PrintWriter out, PrintWriter err) {
    CommandLine line = new CommandLine(morsel);
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
    line.getCommandSpec().exitCodeOnInvalidInput(ExitCode.USAGE);
    return line;
  }
}
