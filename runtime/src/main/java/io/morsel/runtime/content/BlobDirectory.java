package io.morsel.runtime.content;

import io.morsel.runtime.store.Digests;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The blobs' files: {@code <root>/blobs/<algorithm>/<hexadecimal digits>}, as containerd has them.
 * Safe for use by many threads.
 */
final class BlobDirectory {
  private final Path blobs;

  BlobDirectory(Path root) throws IOException {
    this.blobs = root.resolve("blobs");
    Files.createDirectories(blobs.resolve("sha256"));
  }

  private Path path(String digest) {
    return blobs.resolve(Digests.algorithm(digest)).resolve(Digests.encoded(digest));
  }

  /** A blob's size in bytes; empty where there is none. */
  OptionalLong size(String digest) throws IOException {
    try {
      return OptionalLong.of(Files.size(path(digest)));
    } catch (NoSuchFileException e) {
      return OptionalLong.empty();
    }
  }

  /** Opens a blob. */
  FileChannel open(String digest) throws IOException {
    return FileChannel.open(path(digest), StandardOpenOption.READ);
  }

  /**
   * Makes a blob of a file whose bytes are on the disk; durable when this returns.
   *
   * @return false where the blob is there already; the file is left where it is then
   */
  boolean adopt(Path file, String digest) throws IOException {
    Path directory = blobs.resolve(Digests.algorithm(digest));
    Path target = path(digest);
    if (Files.exists(target)) {
      return false;
    }
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    sync(directory);
    return true;
  }

  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Deletes a blob if it is there. */
  void delete(String digest) throws IOException {
    Files.deleteIfExists(path(digest));
  }

  /** The digests of all blobs. */
  List<String> list() throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> algorithms = Files.newDirectoryStream(blobs, Files::isDirectory)) {
      for (Path algorithm : algorithms) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(algorithm)) {
          for (Path file : files) {
            String digest = algorithm.getFileName() + ":" + file.getFileName();
            if (Digests.problem(digest).isEmpty()) {
              found.add(digest);
            }
          }
        }
      }
    }
    return found;
  }
}
