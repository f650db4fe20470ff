package io.morsel.bench.command;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.ResultFile;
import io.morsel.cli.terminal.CommandException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reading and writing files, with errors for people. */
final class Results {
  private Results() {}

  /** Reads a result. */
  static BenchResult read(Path file) throws CommandException {
    try {
      return ResultFile.read(file);
    } catch (IOException e) {
      throw CommandException.failed(why(file, e), e);
    }
  }

  /** Writes a text; the file is there in full or as it was before. */
  static void write(Path file, String text) throws CommandException {
    try {
      ResultFile.replace(file, text);
    } catch (IOException e) {
      throw CommandException.failed("can't write " + why(file, e), e);
    }
  }

  /** What went wrong with a file; names it. */
  static String why(Path file, IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> file + ": there is no such file or directory";
      case AccessDeniedException _ -> file + ": permission denied";
      case FileSystemException other -> file + ": " + reason(other.getReason());
      default -> {
        String message = reason(failure.getMessage());
        yield message.startsWith(file.toString()) ? message : file + ": " + message;
      }
    };
  }

  private static String reason(@Nullable String reason) {
    return reason == null ? "the system gives no reason" : reason;
  }
}
