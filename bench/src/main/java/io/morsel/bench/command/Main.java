package io.morsel.bench.command;

import io.morsel.bench.host.HostException;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Errors;
import io.morsel.cli.terminal.ExitCode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import picocli.CommandLine;

/** The {@code bench/run} program. */
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
   * @return the exit code
   */
  public static int run(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line = new CommandLine(new RunCommand());
    line.setOut(out)
        .setErr(err)
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((wrong, ignored) -> Errors.usage(wrong))
        .setExecutionExceptionHandler(
            (failure, command, ignored) ->
                Errors.report(
                    understandable(failure), command, System.getenv("MORSEL_DEBUG") != null));
    line.getCommandSpec().exitCodeOnInvalidInput(ExitCode.USAGE);
    // Numbers and messages don't change with the machine's language.
    Locale.setDefault(Locale.ROOT);
    int code = line.execute(arguments);
    out.flush();
    err.flush();
    return code;
  }

  private static Exception understandable(Exception failure) {
    if (failure instanceof HostException host) {
      return Thread.interrupted()
          ? new InterruptedException()
          : CommandException.failed(String.valueOf(host.getMessage()), host);
    }
    return failure;
  }
}
