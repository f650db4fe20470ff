package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Processor time of the whole machine up to a moment, in the kernel's ticks (proc(5), {@code
 * /proc/stat}).
 *
 * @param busyTicks of all processors, for whatever it was spent; what a hypervisor took counts too
 * @param allTicks the same and idle time
 */
public record Cpu(long busyTicks, long allTicks) {
  private static final int IDLE = 3;
  private static final int IO_WAIT = 4;

  /** The columns before those that are counted twice. */
  private static final int COLUMNS = 8;

  /** The machine's processor time up to now. */
  public static Cpu now() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      String[] words = lines.findFirst().orElse("").trim().split(" +");
      long[] ticks = Stream.of(words).skip(1).limit(COLUMNS).mapToLong(Long::parseLong).toArray();
      long all = LongStream.of(ticks).sum();
      return new Cpu(all - ticks[IDLE] - ticks[IO_WAIT], all);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Which share of the processors' time was used since an earlier moment, 0 to 1. */
  public double busyShareSince(Cpu earlier) {
    return (double) (busyTicks - earlier.busyTicks) / Math.max(1, allTicks - earlier.allTicks);
  }

  /** Processor time of a process and all that it started and still runs, in milliseconds. */
  public static double processMillis(long pid) {
    return ProcessHandle.of(pid).stream()
        .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
        .mapToLong(each -> each.info().totalCpuDuration().orElse(Duration.ZERO).toMillis())
        .sum();
  }
}
