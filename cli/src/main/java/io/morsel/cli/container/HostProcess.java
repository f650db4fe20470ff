package io.morsel.cli.container;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A process as the host's {@code /proc} shows it; see proc(5).
 *
 * @param pid its identifier on the host
 * @param parentPid its parent's
 * @param uid its effective user on the host
 * @param state one letter, such as {@code S} for one that sleeps
 * @param residentBytes how much memory it has
 * @param cpuMillis how long it has used processors
 * @param command its program and arguments; the program's name in brackets where it has none
 */
record HostProcess(
    long pid,
    long parentPid,
    long uid,
    String state,
    long residentBytes,
    long cpuMillis,
    List<String> command) {
  private static final Path PROC = Path.of("/proc");

  /** {@code USER_HZ}, which Linux shows to programs on every architecture that containerd has. */
  private static final long TICK_MILLIS = 10;

  private static final Pattern SPACES = Pattern.compile("\\s+");

  // Fields of /proc/PID/stat behind the name in parentheses, from 0 on.
  private static final int STATE = 0;
  private static final int PPID = 1;
  private static final int UTIME = 11;
  private static final int STIME = 12;

  /** Reads it; empty where there is no such process any more. */
  static Optional<HostProcess> read(long pid) throws IOException {
    Path directory = PROC.resolve(Long.toString(pid));
    try {
      String stat = text(directory.resolve("stat"));
      // The name may have any characters in it, parentheses included.
      int end = stat.lastIndexOf(')');
      String name = stat.substring(stat.indexOf('(') + 1, end);
      String[] fields = SPACES.split(stat.substring(end + 2), -1);
      List<String> status = text(directory.resolve("status")).lines().toList();
      List<String> command =
          List.of(text(directory.resolve("cmdline")).split("\0", 0)).stream()
              .filter(word -> !word.isEmpty())
              .toList();
      return Optional.of(
          new HostProcess(
              pid,
              Long.parseLong(fields[PPID]),
              number(status, "Uid:", 2),
              fields[STATE],
              number(status, "VmRSS:", 1) * 1024,
              (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) * TICK_MILLIS,
              command.isEmpty() ? List.of("[" + name + "]") : command));
    } catch (NoSuchFileException | FileNotFoundException ended) {
      return Optional.empty();
    } catch (IOException failure) {
      if (Files.exists(directory)) {
        throw failure;
      }
      return Optional.empty();
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** A word of a line of /proc/PID/status; 0 where there is no such line, as for a zombie. */
  private static long number(List<String> status, String key, int word) {
    return status.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> SPACES.split(line, -1)[word])
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }
}
