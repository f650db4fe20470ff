package io.morsel.cli;

import io.morsel.cli.terminal.Errors;
import io.morsel.cli.terminal.ExitCode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
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
    MorselCommand morsel = new MorselCommand();
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
    // Numbers and messages don't change with the machine's language.
    Locale.setDefault(Locale.ROOT);
    int code = line.execute(arguments);
    out.flush();
    err.flush();
    return code;
  }
}
