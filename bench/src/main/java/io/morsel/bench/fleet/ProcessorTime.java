package io.morsel.bench.fleet;

import java.time.Duration;
import java.util.stream.Stream;

/** Processor time of programs that run here. */
final class ProcessorTime {
  private ProcessorTime() {}

  /** Of a process and all that it started and still runs, in milliseconds, to about 10 ms. */
  static double millis(long pid) {
    return ProcessHandle.of(pid).stream()
        .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
        .mapToLong(each -> each.info().totalCpuDuration().orElse(Duration.ZERO).toMillis())
        .sum();
  }

  /** Of this JVM, in which the nodes run, and all that it started. */
  static double ownMillis() {
    return millis(ProcessHandle.current().pid());
  }
}
