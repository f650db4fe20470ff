package io.morsel.bench.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Processor time up to a moment.
 *
 * @param ownMillis of this JVM, in which the nodes run, and all that it started
 * @param busyTicks of the whole machine, in the kernel's ticks (proc(5), {@code /proc/stat})
 * @param allTicks the same with idle time
 */
record ProcessorTime(double ownMillis, long busyTicks, long allTicks) {
  private static final int IDLE = 3;
  private static final int IO_WAIT = 4;

  /** The columns before those that are counted twice. */
  private static final int COLUMNS = 8;

  /** With less than this, what is simulated is not what keeps a machine busy. */
  private static final double OWN_SHARE = 0.4;

  /** Up to now. */
  static ProcessorTime now() throws IOException {
    String line = Files.readAllLines(Path.of("/proc/stat")).getFirst();
    long[] ticks =
        Stream.of(line.split(" +")).skip(1).limit(COLUMNS).mapToLong(Long::parseLong).toArray();
    long all = LongStream.of(ticks).sum();
    return new ProcessorTime(
        millis(ProcessHandle.current().pid()), all - ticks[IDLE] - ticks[IO_WAIT], all);
  }

  /**
   * Which share of the processors was taken since an earlier moment, 0 to 1: by everything, where
   * the nodes and what they need took a good part of it; else by these alone.
   */
  double busyShareSince(ProcessorTime earlier, double wallMillis) {
    double own =
        (ownMillis - earlier.ownMillis) / wallMillis / Runtime.getRuntime().availableProcessors();
    double whole =
        (double) (busyTicks - earlier.busyTicks) / Math.max(1, allTicks - earlier.allTicks);
    return own < OWN_SHARE ? own : Math.max(own, whole);
  }

  /** Of a process and all that it started and still runs, in milliseconds, to about 10 ms. */
  static double millis(long pid) {
    return ProcessHandle.of(pid).stream()
        .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
        .mapToLong(each -> each.info().totalCpuDuration().orElse(Duration.ZERO).toMillis())
        .sum();
  }
}
