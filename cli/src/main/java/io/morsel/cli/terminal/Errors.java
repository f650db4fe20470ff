package io.morsel.cli.terminal;

import io.grpc.StatusException;
import io.morsel.containerd.ContainerdException;
import io.morsel.registry.RegistryException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import picocli.CommandLine;

/** Turns whatever went wrong into one or two lines on stderr and an exit code. */
public final class Errors {
  private Errors() {}

  /**
   * The command line is wrong.
   *
   * @return the exit code
   */
  public static int usage(CommandLine.ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    err.println(prefix(command) + decapitalized(String.valueOf(wrong.getMessage())));
    CommandLine.UnmatchedArgumentException.printSuggestions(wrong, err);
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.USAGE;
  }

  /**
   * The command failed.
   *
   * @return the exit code
   */
  public static int report(Exception failure, CommandLine command, boolean stackTrace) {
    PrintWriter err = command.getErr();
    int code = ExitCode.FAILED;
    String message;
    switch (failure) {
      case CommandException expected -> {
        message = expected.getMessage();
        code = expected.exitCode();
      }
      case InterruptedException _ -> {
        message = "interrupted";
        code = ExitCode.INTERRUPTED;
      }
      case InterruptedIOException _ -> {
        message = "interrupted";
        code = ExitCode.INTERRUPTED;
      }
      case IOException io -> message = describe(io);
      case StatusException refused ->
          message = String.valueOf(ContainerdException.of(refused).getMessage());
      default ->
          message =
              "internal error ("
                  + failure
                  + "); this is a bug in Morsel: please report it with what `--log-level trace`"
                  + " shows";
    }
    err.println(prefix(command) + message);
    if (stackTrace) {
      failure.printStackTrace(err);
    }
    return code;
  }

  static String describe(IOException failure) {
    return switch (failure) {
      case NoSuchFileException missing -> missing.getFile() + ": no such file or directory";
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileAlreadyExistsException exists -> exists.getFile() + ": already exists";
      case NotDirectoryException file -> file.getFile() + ": not a directory";
      case FileSystemException other when other.getReason() != null ->
          other.getFile() + ": " + other.getReason();
      case RegistryException missing
          when missing.kind() == RegistryException.Kind.NOT_FOUND
              && !String.valueOf(missing.getMessage()).contains("does not exist") ->
          "not found: " + missing.getMessage();
      default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
    };
  }

  /** {@code morsel: } for the program itself, {@code morsel: pull: } for a command. */
  private static String prefix(CommandLine command) {
    return command.getCommandSpec().qualifiedName(": ") + ": ";
  }

  private static String decapitalized(String message) {
    // picocli writes sentences; what follows a colon is none.
    return message.length() > 1 && Character.isLowerCase(message.charAt(1))
        ? Character.toLowerCase(message.charAt(0)) + message.substring(1)
        : message;
  }
}
