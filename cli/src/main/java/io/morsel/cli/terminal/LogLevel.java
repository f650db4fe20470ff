package io.morsel.cli.terminal;

/** How much of what happens is logged to stderr. */
public enum LogLevel {
  /** Only what failed. */
  ERROR,
  /** What is not as it should be, too. */
  WARN,
  /** What a person who runs the program wants to know. */
  INFO,
  /** What helps to find out why something happens. */
  DEBUG,
  /** Everything, and stack traces of failures. */
  TRACE
}
