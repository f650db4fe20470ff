package io.morsel.snapshotter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where libraries with native code (SQLite, zstd) unpack it.
 *
 * <p>By default that is the machine's temporary directory, where a daemon that is killed leaves a
 * copy behind each time, and which many machines mount {@code noexec}.
 */
public final class NativeLibraries {
  private NativeLibraries() {}

  /**
   * Has them use {@code <root>/native}, emptied of what an earlier daemon left there; a system
   * property given by the operator stays. To be called before the first of them is used, with the
   * {@link RootLock} held.
   *
   * @throws IOException if the directory can't be made
   */
  public static void keepBelow(Path root) throws IOException {
    Path directory = root.resolve("native");
    SnapshotDirectories.deleteTree(directory);
    Files.createDirectory(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (String property : new String[] {"org.sqlite.tmpdir", "ZstdTempFolder"}) {
      if (System.getProperty(property) == null) {
        System.setProperty(property, directory.toString());
      }
    }
  }
}
