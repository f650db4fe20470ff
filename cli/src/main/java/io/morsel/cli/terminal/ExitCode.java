package io.morsel.cli.terminal;

/** The exit codes of {@code morsel}. */
public final class ExitCode {
  /** The command did what it was asked to. */
  public static final int OK = 0;

  /** The command failed; a line on stderr says why. */
  public static final int FAILED = 1;

  /** The command line is wrong: an unknown option, a malformed reference. */
  public static final int USAGE = 2;

  /** The command was interrupted, as shells report SIGINT. */
  public static final int INTERRUPTED = 130;

  private ExitCode() {}
}
