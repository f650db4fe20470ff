package io.morsel.runtime.task;

import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A checkpoint's directory as a tar, which holds nothing but files and directories. */
final class CheckpointArchive {
  private static final int FILE_MODE = 0600;
  private static final int DIRECTORY_MODE = 0700;

  private CheckpointArchive() {}

  /** Writes what is in {@code directory}. */
  static void write(Path directory, OutputStream target) throws IOException {
    List<Path> paths;
    try (Stream<Path> all = Files.walk(directory)) {
      paths = all.filter(path -> !path.equals(directory)).sorted().toList();
    }
    for (Path path : paths) {
      String name = ByteStrings.ofText(directory.relativize(path).toString());
      if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        TarEntry entry = TarEntry.file(name + "/", DIRECTORY_MODE, 0);
        target.write(headers(withType(entry, TarType.DIRECTORY)));
      } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        writeFile(path, name, target);
      } else {
        throw new IOException(path + " is neither file nor directory");
      }
    }
    target.write(new byte[TarHeaders.END_BYTES]);
  }

  private static void writeFile(Path path, String name, OutputStream target) throws IOException {
    long size = Files.size(path);
    target.write(headers(TarEntry.file(name, FILE_MODE, size)));
    long copied = Files.copy(path, target);
    if (copied != size) {
      throw new IOException(path + " changed while it was read");
    }
    target.write(new byte[TarHeaders.padding(size)]);
  }

  private static byte[] headers(TarEntry entry) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    TarHeaders.write(entry, bytes);
    return bytes.toByteArray();
  }

  private static TarEntry withType(TarEntry entry, TarType type) {
    return new TarEntry(
        type,
        entry.name(),
        entry.linkName(),
        entry.mode(),
        entry.userId(),
        entry.groupId(),
        entry.userName(),
        entry.groupName(),
        entry.mtimeSeconds(),
        entry.mtimeNanos(),
        entry.deviceMajor(),
        entry.deviceMinor(),
        entry.xattrs(),
        entry.otherRecords(),
        entry.sizeBytes(),
        entry.holes());
  }

  /**
   * Unpacks into an empty directory.
   *
   * @throws IOException if the tar is malformed, leads out of the directory, or holds anything but
   *     files and directories
   */
  static void extract(InputStream source, Path directory) throws IOException {
    TarReader reader = new TarReader(source);
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      String name = ByteStrings.text(ByteStrings.cleanPath(entry.name()));
      Path target = directory.resolve(name);
      if (entry.type() == TarType.DIRECTORY) {
        Files.createDirectories(target);
      } else if (entry.type() == TarType.REGULAR && !entry.holes().isSparse() && !name.isEmpty()) {
        Path parent = target.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        try (OutputStream file =
            Files.newOutputStream(
                target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          reader.copyTo(file);
        }
      } else {
        throw new IOException(name + " is neither file nor directory");
      }
    }
  }

  /** Deletes a directory with all that is in it; does nothing where there is none. */
  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> all = Files.walk(directory)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : deepestFirst) {
      Files.delete(each);
    }
  }
}
