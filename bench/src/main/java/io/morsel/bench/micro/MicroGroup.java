package io.morsel.bench.micro;

import io.morsel.bench.host.HostException;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The group {@code micro}: the hot pieces alone, by JMH, each in a JVM of its own. A sample is the
 * average of one iteration. For one run at a time.
 */
public final class MicroGroup {
  private static final TimeValue QUICK = TimeValue.milliseconds(100);

  /** A benchmark, the values of its parameter, and the names that results have for it. */
  private record Piece(Class<?> benchmark, String method, String parameter, String name) {}

  private static final List<Piece> PIECES =
      List.of(
          new Piece(IndexBenchmark.class, "tocToIndex", "", "toc-to-index-10000-entries"),
          new Piece(IndexBenchmark.class, "lookup", "", "lookup-in-10000-names"),
          new Piece(IndexBenchmark.class, "fuseLookupReply", "", "fuse-lookup-reply"),
          new Piece(DecodeBenchmark.class, "decode", "512", "decode-512-kib"),
          new Piece(DecodeBenchmark.class, "decode", "4096", "decode-4-mib"),
          new Piece(PresentBenchmark.class, "ensureHit", "", "ensure-present-128-kib"),
          new Piece(PresentBenchmark.class, "read4Kib", "", "read-present-4-kib"),
          new Piece(PresentBenchmark.class, "read128Kib", "", "read-present-128-kib"),
          new Piece(PresentBenchmark.class, "fuseReadReply", "", "fuse-read-reply-128-kib"));

  private MicroGroup() {}

  /**
   * Measures every piece; one that fails, or gets a wrong result, becomes a void sample.
   *
   * @param quick one short iteration in this JVM: whether it works, and no figure to quote
   * @throws HostException if the thread is interrupted
   */
  public static void run(boolean quick, Recorder recorder, Progress progress) {
    for (Piece piece : PIECES) {
      String what = "micro " + piece.name;
      progress.running(what, () -> what);
      CellKey key = new CellKey("micro", "local", piece.name, "morsel", "ns_per_op", "ns");
      try {
        double average = run(piece, quick, key, recorder);
        progress.ended(what, String.format(Locale.ROOT, "%s: %,.0f ns", what, average));
      } catch (RunnerException e) {
        String reason = reason(e);
        recorder.addVoid(key, 1, reason);
        progress.ended(what, what + ": does not count: " + reason);
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new HostException("interrupted while measuring " + what);
      }
    }
  }

  private static double run(Piece piece, boolean quick, CellKey key, Recorder recorder)
      throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(
                "^" + piece.benchmark.getName().replace(".", "\\.") + "\\." + piece.method + "$")
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.NANOSECONDS)
            .threads(1)
            .shouldFailOnError(true)
            .forks(quick ? 0 : 1)
            .warmupIterations(quick ? 1 : 3)
            .warmupTime(quick ? QUICK : TimeValue.milliseconds(500))
            .measurementIterations(quick ? 1 : 5)
            .measurementTime(quick ? QUICK : TimeValue.seconds(1))
            .jvmArgs(
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx512m");
    if (!piece.parameter.isEmpty()) {
      options.param("chunkKib", piece.parameter);
    }
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      Collection<RunResult> results =
          new Runner(
                  options.build(),
                  OutputFormatFactory.createFormatInstance(nowhere, VerboseMode.SILENT))
              .run();
      if (results.isEmpty()) {
        throw new RunnerException("JMH found no such benchmark");
      }
      return record(results, key, recorder);
    }
  }

  private static double record(Collection<RunResult> results, CellKey key, Recorder recorder) {
    int round = 0;
    double sum = 0;
    for (RunResult result : results) {
      for (BenchmarkResult fork : result.getBenchmarkResults()) {
        for (IterationResult iteration : fork.getIterationResults()) {
          double nanos = iteration.getPrimaryResult().getScore();
          round++;
          sum += nanos;
          recorder.add(key, round, nanos);
        }
      }
    }
    return sum / Math.max(1, round);
  }

  /** What a benchmark said, where JMH only says that it failed. */
  private static String reason(RunnerException e) {
    Throwable last = e;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      last = cause;
      if (cause.getSuppressed().length > 0) {
        last = cause.getSuppressed()[0];
      }
    }
    return String.valueOf(last.getMessage());
  }
}
