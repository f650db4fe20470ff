package io.morsel.runtime.task;

import io.morsel.shim.Bundle;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which processes a task has had and whose exits were published, so that each exit is published
 * once: a shim sends its events again until they are answered, and the core itself tells of an exit
 * that a shim could not tell of.
 *
 * <p>Kept as a file a process in the bundle, empty until the exit was published and then with the
 * process id: it outlives the core as the shim does, needs no sync since no shim outlives the
 * machine, and goes with the bundle. Safe for use by many threads.
 */
final class ExitRecords {
  /** For a task's first process; its own name may be that of an exec too. */
  static final String FIRST = "";

  private static final Logger log = LoggerFactory.getLogger(ExitRecords.class);
  private static final String FIRST_FILE = "first";
  private static final String EXEC_PREFIX = "exec-";
  private static final int NOT_PUBLISHED = 0;

  private final Path directory;

  /** The process id under which an exit was published, by exec. */
  private final Map<String, Integer> published = new HashMap<>();

  private ExitRecords(Path directory) {
    this.directory = directory;
  }

  /** The records of a bundle, as far as there are any. */
  static ExitRecords of(Bundle bundle) throws IOException {
    ExitRecords records = new ExitRecords(bundle.path().resolve(".exits"));
    records.load();
    return records;
  }

  private void load() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (name.equals(FIRST_FILE)) {
          published.put(FIRST, processId(file));
        } else if (name.startsWith(EXEC_PREFIX)) {
          published.put(name.substring(EXEC_PREFIX.length()), processId(file));
        }
      }
    } catch (NoSuchFileException e) {
      log.debug("no processes are recorded in {}", directory);
    }
  }

  private static int processId(Path file) throws IOException {
    String text = Files.readString(file);
    try {
      return text.isEmpty() ? NOT_PUBLISHED : Integer.parseUnsignedInt(text);
    } catch (NumberFormatException e) {
      throw new IOException(file + " holds no process id: it was written by something else", e);
    }
  }

  private Path file(String exec) {
    return directory.resolve(exec.isEmpty() ? FIRST_FILE : EXEC_PREFIX + exec);
  }

  /**
   * A process is about to be made; false where there is one of this name.
   *
   * @param exec an exec's identifier, or {@link #FIRST}
   */
  synchronized boolean begin(String exec) throws IOException {
    if (published.containsKey(exec)) {
      return false;
    }
    Files.createDirectories(directory);
    Files.write(file(exec), new byte[0]);
    published.put(exec, NOT_PUBLISHED);
    return true;
  }

  /** Whether a process of this name is known. */
  synchronized boolean knows(String exec) {
    return published.containsKey(exec);
  }

  /** Whether the exit may be published: true once for each process that is known. */
  synchronized boolean claim(String exec, int pid) {
    Integer before = published.get(exec);
    if (before == null) {
      // Nobody else will publish what nobody knows of.
      return true;
    }
    boolean first = exec.isEmpty() ? before == NOT_PUBLISHED : before != pid;
    if (first) {
      published.put(exec, pid);
      try {
        Files.writeString(file(exec), Integer.toUnsignedString(pid));
      } catch (NoSuchFileException e) {
        log.debug("the bundle is gone, and its records with it: {}", e.toString());
      } catch (IOException e) {
        log.warn("an exit may be published again after a restart: {}", e.toString());
      }
    }
    return first;
  }

  /** The process is gone, and its name is free. */
  synchronized void forget(String exec) {
    published.remove(exec);
    try {
      Files.deleteIfExists(file(exec));
    } catch (IOException e) {
      log.warn("the record of a process stays: {}", e.toString());
    }
  }

  /** The processes whose exits were not published. */
  synchronized List<String> unpublished() {
    List<String> names = new ArrayList<>();
    published.forEach(
        (name, pid) -> {
          if (pid == NOT_PUBLISHED) {
            names.add(name);
          }
        });
    return names;
  }
}
