package io.morsel.cli.io;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * FIFOs of containers whose tasks nobody knows any more, since their shims or the core were killed:
 * they are told by their names, and by nobody having them open.
 */
public final class AbandonedFifos {
  /** Who makes FIFOs opens them within milliseconds; younger ones are left to him. */
  private static final Duration YOUTH = Duration.ofSeconds(10);

  private AbandonedFifos() {}

  /**
   * Deletes those of a container, and their directories.
   *
   * @param id the container's identifier; another namespace's container may have it, too, whose
   *     FIFOs are open as long as it runs
   */
  public static void delete(String id) throws IOException {
    delete(Fifos.PARENT, id, Instant.now().minus(YOUTH));
  }

  static void delete(Path parent, String id, Instant latest) throws IOException {
    List<Path> found = new ArrayList<>();
    if (!Files.isDirectory(parent)) {
      return;
    }
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(parent)) {
      for (Path directory : directories) {
        Path stdout = directory.resolve(id + "-stdout");
        if (Files.exists(stdout)
            && Files.getLastModifiedTime(stdout).toInstant().isBefore(latest)) {
          found.add(directory);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    if (found.isEmpty()) {
      return;
    }
    Set<Path> open = open(parent);
    for (Path directory : found) {
      List<String> streams =
          List.of("stdin", "stdout", "stderr").stream()
              .map(name -> directory.resolve(id + "-" + name).toString())
              .toList();
      if (streams.stream().noneMatch(stream -> open.contains(Path.of(stream)))) {
        Fifos.delete(streams);
      }
    }
  }

  /** The files below a directory that some process of the machine has open. */
  private static Set<Path> open(Path parent) throws IOException {
    Set<Path> open = new HashSet<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
          for (Path file : files) {
            Path target = Files.readSymbolicLink(file);
            if (target.startsWith(parent)) {
              open.add(target);
            }
          }
        } catch (IOException | DirectoryIteratorException _) {
          // It has ended, or closed the file, meanwhile.
        }
      }
    }
    return open;
  }
}
