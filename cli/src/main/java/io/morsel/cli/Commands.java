package io.morsel.cli;

import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Small things that the commands' classes share. */
final class Commands {
  private Commands() {}

  /** Where a command prints its result. */
  static PrintWriter out(@Nullable CommandSpec spec) {
    return Objects.requireNonNull(spec, "picocli fills it in").commandLine().getOut();
  }

  /** Where a command prints progress. */
  static PrintWriter err(@Nullable CommandSpec spec) {
    return Objects.requireNonNull(spec, "picocli fills it in").commandLine().getErr();
  }

  /** What the lines of a command begin with that say what failed: {@code morsel: rm}. */
  static String prefix(@Nullable CommandSpec spec) {
    return Objects.requireNonNull(spec, "picocli fills it in").qualifiedName(": ");
  }
}
