package io.morsel.bench.run;

import io.morsel.bench.host.Command;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One way of reading a mounted image that is there in full.
 *
 * @param name in results, without {@code -cold} or {@code -warm}
 * @param warm whether it is also measured with everything in the page cache
 */
record SteadyTest(String name, boolean warm, String metric, String unit, Body body) {
  private static final int PAGE = 4_096;
  private static final int SEQUENTIAL_BUFFER = 1 << 20;

  /** What is read, and what came of it. */
  @FunctionalInterface
  interface Body {
    /** Reads, and returns the figure in the test's unit. */
    double run(Path root) throws IOException, VoidSampleException;
  }

  /**
   * All of them.
   *
   * @param reads how many pages each reader reads at random
   */
  static List<SteadyTest> all(Layout image, int reads) {
    return List.of(
        new SteadyTest("find-stat", true, "millis", "ms", root -> find(root, image)),
        new SteadyTest("read-small", true, "millis", "ms", root -> readSmall(root, image)),
        new SteadyTest(
            "sequential-read",
            true,
            "megabytes_per_second",
            "MB/s",
            root -> sequential(image.in(root, image.bigFile()))),
        new SteadyTest(
            "random-read-1",
            false,
            "reads_per_second",
            "op/s",
            root -> random(image.in(root, image.bigFile()), 1, reads)),
        new SteadyTest(
            "random-read-8",
            false,
            "reads_per_second",
            "op/s",
            root -> random(image.in(root, image.bigFile()), 8, reads)),
        new SteadyTest(
            "mmap-faults",
            false,
            "faults_per_second",
            "op/s",
            root -> faults(image.in(root, image.bigFile()), reads)),
        new SteadyTest("exec-large", true, "millis", "ms", root -> exec(root, image)));
  }

  /**
   * Where the image has what.
   *
   * @param smallDirectory of the small files
   * @param files how many of them
   * @param smallBytes what they have together
   * @param bigFile the large file
   * @param program a large program
   * @param programOutput what it prints
   */
  record Layout(
      String smallDirectory,
      long files,
      long smallBytes,
      String bigFile,
      String program,
      String programOutput) {
    Path in(Path root, String path) {
      return root.resolve(path.substring(1));
    }
  }

  private static double find(Path root, Layout image) throws VoidSampleException {
    long begin = System.nanoTime();
    String printed =
        Command.of("find", image.in(root, image.smallDirectory()), "-type", "f", "-printf", "%s\\n")
            .succeed();
    double millis = (System.nanoTime() - begin) / 1e6;
    expect(image.files(), printed.lines().count(), "files were found");
    expect(image.smallBytes(), printed.lines().mapToLong(Long::parseLong).sum(), "bytes in files");
    return millis;
  }

  private static double readSmall(Path root, Layout image) throws VoidSampleException {
    long begin = System.nanoTime();
    String printed =
        Command.of(
                "sh",
                "-c",
                "find \"$1\" -type f -exec cat {} + | wc -c",
                "sh",
                image.in(root, image.smallDirectory()))
            .succeed();
    double millis = (System.nanoTime() - begin) / 1e6;
    expect(image.smallBytes(), Long.parseLong(printed.strip()), "bytes were read");
    return millis;
  }

  private static double sequential(Path file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(SEQUENTIAL_BUFFER);
    try (FileChannel channel = FileChannel.open(file)) {
      long begin = System.nanoTime();
      long bytes = 0;
      int n;
      while ((n = channel.read(buffer.clear())) > 0) {
        bytes += n;
      }
      return bytes / 1e6 / ((System.nanoTime() - begin) / 1e9);
    }
  }

  private static double random(Path file, int readers, int reads)
      throws IOException, VoidSampleException {
    try (FileChannel channel = FileChannel.open(file);
        // Platform threads: a read that waits for the disk keeps its carrier.
        ExecutorService threads = Executors.newFixedThreadPool(readers)) {
      long pages = channel.size() / PAGE;
      long begin = System.nanoTime();
      List<Future<?>> running = new ArrayList<>();
      for (int reader = 0; reader < readers; reader++) {
        SplittableRandom random = new SplittableRandom(reader);
        running.add(
            threads.submit(
                () -> {
                  ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
                  for (int i = 0; i < reads; i++) {
                    if (channel.read(page.clear(), random.nextLong(pages) * PAGE) != PAGE) {
                      throw new IOException("a page was cut short");
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> each : running) {
        await(each);
      }
      return (double) readers * reads / ((System.nanoTime() - begin) / 1e9);
    }
  }

  private static void await(Future<?> reader) throws VoidSampleException {
    try {
      reader.get();
    } catch (ExecutionException e) {
      throw new VoidSampleException("a reader failed: " + e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VoidSampleException("interrupted");
    }
  }

  private static double faults(Path file, int reads) throws IOException {
    try (FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofConfined()) {
      long pages = channel.size() / PAGE;
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      SplittableRandom random = new SplittableRandom(0);
      long begin = System.nanoTime();
      int sum = 0;
      for (int i = 0; i < reads; i++) {
        sum += mapped.get(ValueLayout.JAVA_BYTE, random.nextLong(pages) * PAGE);
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      // Has the compiler keep the reads.
      return sum == Integer.MIN_VALUE ? 0 : reads / seconds;
    }
  }

  private static double exec(Path root, Layout image) throws VoidSampleException {
    Command command = Command.of(image.in(root, image.program()));
    long begin = System.nanoTime();
    String printed = command.succeed();
    double millis = (System.nanoTime() - begin) / 1e6;
    if (!printed.strip().equals(image.programOutput().strip())) {
      throw new VoidSampleException("the program printed: " + printed.strip());
    }
    return millis;
  }

  private static void expect(long expected, long actual, String what) throws VoidSampleException {
    if (expected != actual) {
      throw new VoidSampleException("%d %s, %d expected".formatted(actual, what, expected));
    }
  }
}
