package io.morsel.snapshotter;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directories of snapshots: {@code <root>/snapshots/<id>/fs}, and {@code work} beside it for
 * active ones.
 *
 * <p>A directory is made under another name and renamed, so that one with a number as its name is
 * whole. Safe for use by many threads.
 */
final class SnapshotDirectories {
  private static final String NEW_PREFIX = "new-";

  private final Path snapshots;

  SnapshotDirectories(Path root) throws IOException {
    this.snapshots = root.resolve("snapshots");
    Files.createDirectories(
        snapshots,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** The directory that holds all of them. */
  Path root() {
    return snapshots;
  }

  /** Where the content of a snapshot is: its upper directory or, if remote, its mount point. */
  Path fs(long id) {
    return directory(id).resolve("fs");
  }

  /** The working directory of overlayfs. */
  Path work(long id) {
    return directory(id).resolve("work");
  }

  private Path directory(long id) {
    return snapshots.resolve(Long.toString(id));
  }

  /** Makes a directory for a snapshot that has no number yet. */
  Path make(SnapshotKind kind) throws IOException {
    Path made = Files.createTempDirectory(snapshots, NEW_PREFIX);
    try {
      mkdir(made.resolve("fs"), "rwxr-xr-x");
      if (kind == SnapshotKind.ACTIVE) {
        mkdir(made.resolve("work"), "rwx--x--x");
      }
      return made;
    } catch (IOException e) {
      deleteTree(made);
      throw e;
    }
  }

  /** Deletes directories that never got a number; only while no snapshot is created. */
  void deleteUnfinished() throws IOException {
    for (Found found : list()) {
      if (found instanceof Found.Other(Path path)
          && String.valueOf(path.getFileName()).startsWith(NEW_PREFIX)) {
        deleteTree(path);
      }
    }
  }

  /** Makes a directory unless it is there, for a remote snapshot whose mount is made again. */
  void ensure(long id) throws IOException {
    Files.createDirectories(fs(id));
  }

  /**
   * Gives a directory its number, and its content the owner of the snapshot below.
   *
   * @param owner null where there is no snapshot below
   */
  void place(Path made, long id, @Nullable Owner owner) throws IOException {
    if (owner != null) {
      Path fs = made.resolve("fs");
      Files.setAttribute(fs, "unix:uid", owner.uid(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(fs, "unix:gid", owner.gid(), LinkOption.NOFOLLOW_LINKS);
    }
    Files.move(made, directory(id), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes a snapshot's directory; nothing may be mounted in it. */
  void delete(long id) throws IOException {
    deleteTree(directory(id));
  }

  /** What a name in the directory of snapshots belongs to. */
  sealed interface Found {
    /** A snapshot's directory. */
    record Numbered(long id) implements Found {}

    /** One that got no number, or that Morsel did not make. */
    record Other(Path path) implements Found {}
  }

  /** Everything that is there. */
  List<Found> list() throws IOException {
    List<Found> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(snapshots)) {
      for (Path entry : entries) {
        String name = String.valueOf(entry.getFileName());
        found.add(
            name.matches("[0-9]{1,18}")
                ? new Found.Numbered(Long.parseLong(name))
                : new Found.Other(entry));
      }
    }
    return found;
  }

  /** Deletes a directory and all in it; symlinks are not followed, other devices not entered. */
  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Object device = Files.getAttribute(root, "unix:dev", LinkOption.NOFOLLOW_LINKS);
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            if (!device.equals(
                Files.getAttribute(directory, "unix:dev", LinkOption.NOFOLLOW_LINKS))) {
              throw new IOException("can't delete " + directory + ": something is mounted there");
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * What a snapshot's own content takes: blocks allocated, and inodes, each hard link counted once.
   * Files that vanish meanwhile are left out, since a container may be writing.
   */
  SnapshotUsage usage(long id) throws IOException {
    Set<Object> seen = new HashSet<>();
    long[] size = {0};
    DiskUsage.walk(
        fs(id),
        (inode, allocatedBytes) -> {
          if (seen.add(inode)) {
            size[0] += allocatedBytes;
          }
        });
    return new SnapshotUsage(size[0], seen.size());
  }

  private static void mkdir(Path directory, String mode) throws IOException {
    Files.createDirectory(directory);
    // Explicitly, since the umask may have taken bits away.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
  }

  /** Whether the snapshot's content directory is there. */
  boolean exists(long id) {
    try {
      Files.readAttributes(fs(id), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
