package io.morsel.cli.terminal;

/**
 * A command failed for a reason that its user can understand: the message is shown as it is, and
 * says what failed, on which object, why, and what to do.
 */
public final class CommandException extends Exception {
  private final int exitCode;

  private CommandException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  private CommandException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** The work failed: exit code 1. */
  public static CommandException failed(String message) {
    return new CommandException(ExitCode.FAILED, message);
  }

  /** The work failed because of another failure: exit code 1. */
  public static CommandException failed(String message, Throwable cause) {
    return new CommandException(ExitCode.FAILED, message, cause);
  }

  /** What the user asked for can't be asked for: exit code 2. */
  public static CommandException usage(String message) {
    return new CommandException(ExitCode.USAGE, message);
  }

  /** The exit code that the command ends with. */
  public int exitCode() {
    return exitCode;
  }
}
