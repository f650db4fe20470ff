package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/** Directories that programs work in. */
public final class Directories {
  /** Names of up to six characters. */
  private static final long NAMES = 2_000_000_000;

  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private Directories() {}

  /**
   * Makes a directory below {@code parent} that is there for nobody else. Its name is shorter than
   * Java's own would be: the paths of Unix sockets have room for some 100 bytes.
   */
  public static Path temporary(Path parent, String prefix) {
    try {
      Files.createDirectories(parent);
      while (true) {
        long random = ThreadLocalRandom.current().nextLong(NAMES);
        try {
          return Files.createDirectory(
              parent.resolve(prefix + Long.toString(random, Character.MAX_RADIX)), OWNER_ONLY);
        } catch (FileAlreadyExistsException e) {
          // Somebody else's: another name is tried.
        }
      }
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
