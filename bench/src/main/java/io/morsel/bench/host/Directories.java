package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Directories that programs work in. */
public final class Directories {
  private Directories() {}

  /** Makes a directory below {@code parent} that is there for nobody else. */
  public static Path temporary(Path parent, String prefix) {
    try {
      Files.createDirectories(parent);
      return Files.createTempDirectory(parent, prefix);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Deletes a directory with all that is in it, and nothing that is mounted there. By rm, since
   * Java's paths can't name every file that a layer may have.
   */
  public static void delete(Path directory) {
    Command.of("rm", "-rf", "--one-file-system", directory).succeed();
  }
}
