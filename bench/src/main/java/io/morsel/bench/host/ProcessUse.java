package io.morsel.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a process has used so far.
 *
 * @param cpuSeconds of all its threads, in user space and kernel
 * @param peakResidentBytes the most memory that it had at a time
 * @param residentBytes the memory that it has now
 */
public record ProcessUse(double cpuSeconds, long peakResidentBytes, long residentBytes) {
  /** What {@code getconf CLK_TCK} says on every Linux that Morsel runs on. */
  private static final double TICKS_PER_SECOND = 100;

  /**
   * Reads it from {@code /proc}, as proc(5) describes it.
   *
   * @throws HostException if there is no such process
   */
  public static ProcessUse of(long pid) {
    try {
      Path directory = Path.of("/proc", Long.toString(pid));
      String stat = Files.readString(directory.resolve("stat"));
      // The name, in parentheses, may have spaces. Then: state, which is field 3.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double ticks = Long.parseLong(fields[14 - 3]) + Long.parseLong(fields[15 - 3]);
      List<String> status = Files.readAllLines(directory.resolve("status"));
      return new ProcessUse(
          ticks / TICKS_PER_SECOND, kibibytes(status, "VmHWM:"), kibibytes(status, "VmRSS:"));
    } catch (IOException e) {
      throw new HostException("process " + pid + " is gone: " + e.getMessage(), e);
    }
  }

  private static long kibibytes(List<String> status, String name) {
    for (String line : status) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip()) << 10;
      }
    }
    return 0;
  }
}
