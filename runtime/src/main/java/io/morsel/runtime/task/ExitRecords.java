package io.morsel.runtime.task;

import com.google.protobuf.Timestamp;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.shim.Bundle;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which processes a task has had, and the exits that were published, so that each is published
 * once: a shim sends its events again until they are answered, and the core itself tells of an exit
 * that a shim could not tell of.
 *
 * <p>Kept as a file a process in the bundle, empty until the exit was published and then with what
 * was: it outlives the core as the shim does, needs no sync since no shim outlives the machine, and
 * goes with the bundle. Safe for use by many threads.
 */
final class ExitRecords {
  /** For a task's first process; its own name may be that of an exec too. */
  static final String FIRST = "";

  private static final Logger log = LoggerFactory.getLogger(ExitRecords.class);
  private static final String FIRST_FILE = "first";
  private static final String EXEC_PREFIX = "exec-";

  private final Path directory;

  /** The exit that was published, by exec; empty where none was. */
  private final Map<String, Optional<Exit>> published = new HashMap<>();

  /**
   * The end of a process.
   *
   * @param pid its id, 0 where it is not known
   * @param status its exit status
   * @param at when it was
   */
  record Exit(int pid, int status, Instant at) {
    static Exit of(TaskExit exit) {
      return new Exit(exit.getPid(), exit.getExitStatus(), instant(exit.getExitedAt()));
    }

    static Exit of(DeleteResponse end) {
      return new Exit(end.getPid(), end.getExitStatus(), instant(end.getExitedAt()));
    }

    private static Instant instant(Timestamp time) {
      return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    private String line() {
      return Integer.toUnsignedString(pid) + " " + Integer.toUnsignedString(status) + " " + at;
    }

    /** Reads a {@link #line}. */
    private static Exit parse(String line) {
      String[] words = line.split(" ", -1);
      if (words.length != 3) {
        throw new IllegalArgumentException("not three words");
      }
      return new Exit(
          Integer.parseUnsignedInt(words[0]),
          Integer.parseUnsignedInt(words[1]),
          Instant.parse(words[2]));
    }
  }

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
          published.put(FIRST, read(file));
        } else if (name.startsWith(EXEC_PREFIX)) {
          published.put(name.substring(EXEC_PREFIX.length()), read(file));
        }
      }
    } catch (NoSuchFileException e) {
      log.debug("no processes are recorded in {}", directory);
    }
  }

  private static Optional<Exit> read(Path file) throws IOException {
    String text = Files.readString(file);
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(Exit.parse(text));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException(file + " holds no exit: it was written by something else", e);
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
    published.put(exec, Optional.empty());
    return true;
  }

  /** Whether a process of this name is known. */
  synchronized boolean knows(String exec) {
    return published.containsKey(exec);
  }

  /** Whether the exit may be published: true once for each process that is known. */
  synchronized boolean claim(String exec, Exit exit) {
    if (!published.containsKey(exec)) {
      // Nobody else will publish what nobody knows of.
      return true;
    }
    Optional<Exit> before = exit(exec);
    boolean first = before.isEmpty() || (!exec.isEmpty() && before.get().pid() != exit.pid());
    if (first) {
      published.put(exec, Optional.of(exit));
      try {
        Files.writeString(file(exec), exit.line());
      } catch (NoSuchFileException e) {
        log.debug("the bundle is gone, and its records with it: {}", e.toString());
      } catch (IOException e) {
        log.warn("an exit may be published again after a restart: {}", e.toString());
      }
    }
    return first;
  }

  /** The exit of a process that was published. */
  synchronized Optional<Exit> exit(String exec) {
    return published.getOrDefault(exec, Optional.empty());
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
        (name, exit) -> {
          if (exit.isEmpty()) {
            names.add(name);
          }
        });
    return names;
  }
}
