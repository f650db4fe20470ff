package io.morsel.bench.image;

import io.morsel.bench.image.Workload.Kind;
import java.util.List;
import java.util.regex.Pattern;

/** What the bench runs in its images. */
public final class Workloads {
  /** The shares, in percent, that {@link #reader} can read. */
  public static final List<Integer> SHARES = SyntheticFiles.SHARES;

  private static final Kind OUTPUT = new Kind.Output();

  private Workloads() {}

  /** The workloads whose cold start is measured, in the order of a report. */
  public static List<Workload> cold(Size size) {
    return size == Size.SMOKE ? smoke() : debian();
  }

  private static List<Workload> debian() {
    return List.of(
        new Workload(
            "python-hello",
            BenchImage.PYTHON,
            List.of("python3", "-c", "print(\"hello\")"),
            OUTPUT,
            Pattern.compile("hello")),
        new Workload(
            "python-numpy",
            BenchImage.PYTHON,
            List.of("python3", "-c", "import numpy; print(numpy.arange(10).sum())"),
            OUTPUT,
            Pattern.compile("45")),
        new Workload(
            "python-web",
            BenchImage.PYTHON,
            List.of("python3", "/app/web.py", Workload.PORT),
            new Kind.Server("/"),
            Pattern.compile(Pattern.quote(DebianImages.WEB_ANSWER))),
        new Workload(
            "node-hello",
            BenchImage.NODE,
            List.of("node", "-e", "console.log('hello')"),
            OUTPUT,
            Pattern.compile("hello")),
        new Workload(
            "java-version",
            BenchImage.JAVA,
            // It prints on standard error, and only standard output is timed.
            List.of("sh", "-c", "exec java -version 2>&1"),
            OUTPUT,
            Pattern.compile("openjdk version \"17\\..*", Pattern.DOTALL)));
  }

  /** Says hello from {@link BenchImage#TINY}. */
  public static Workload tiny() {
    return new Workload(
        "tiny-hello",
        BenchImage.TINY,
        List.of("/app/hello"),
        OUTPUT,
        Pattern.compile(Pattern.quote(GeneratedImages.HELLO)));
  }

  private static List<Workload> smoke() {
    return List.of(
        tiny(),
        new Workload(
            "tiny-web",
            BenchImage.TINY,
            List.of("httpd", "-f", "-p", "127.0.0.1:" + Workload.PORT, "-h", "/app"),
            new Kind.Server("/"),
            Pattern.compile(Pattern.quote(GeneratedImages.HELLO))),
        reader("tiny-read-25", BenchImage.TINY, 25, Size.SMOKE));
  }

  /**
   * Reads a share of the files of {@link BenchImage#SYNTHETIC}.
   *
   * @param percent one of {@link #SHARES}
   */
  public static Workload reader(int percent, Size size) {
    return reader("read-" + percent, BenchImage.SYNTHETIC, percent, size);
  }

  private static Workload reader(String name, BenchImage image, int percent, Size size) {
    long bytes = SyntheticFiles.of(size).share(percent).bytes();
    return new Workload(
        name,
        image,
        List.of(SyntheticFiles.READER, Integer.toString(percent)),
        new Kind.Read(percent, bytes),
        Pattern.compile(Long.toString(bytes)));
  }
}
