package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Http;
import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.ResultFile;
import io.morsel.bench.result.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bench measures what it says, voids what it can't, and leaves nothing behind. */
class BenchIT {
  private static final Duration LIMIT = Duration.ofMinutes(12);

  /** Images of smoke runs, kept while the build directory is. */
  private static final Path CACHE = Path.of("target/bench-cache").toAbsolutePath();

  private static Path work = Path.of("");

  @BeforeAll
  static void makeWork() {
    work = Directories.temporary(Path.of("/tmp"), "morsel-it-bench-");
  }

  @AfterAll
  static void deleteWork() {
    Directories.delete(work);
  }

  private static Command bench(Object... words) {
    return Command.of(Node.CHECKOUT.resolve("bench/run"), List.of(words)).within(LIMIT);
  }

  private static Command run(Path nodes, Object... words) {
    return bench("--smoke", "--cache", CACHE, "--work", nodes, List.of(words));
  }

  @Test
  void everyGroupRunsBesideAPeer() throws IOException {
    Path nodes = Directories.temporary(work, "nodes-");
    Path json = work.resolve("smoke.json");
    Path report = work.resolve("smoke.html");
    Path markdown = work.resolve("smoke.md");
    try (OtherMorsel peer = new OtherMorsel(Directories.temporary(work, "peer-"))) {
      Command.Result result =
          run(
                  nodes,
                  "--peer",
                  "other=" + peer.socket(),
                  "--peer-reset",
                  "other=" + peer.restart(),
                  "--json",
                  json,
                  "--report",
                  report,
                  "--markdown",
                  markdown)
              .run()
              .expectSuccess();
      assertThat(result.errors()).contains("cold", "total", "steady", "scale", "fleet", "micro");
    }
    BenchResult result = ResultFile.read(json);
    assertThat(
            result.cells().stream()
                .flatMap(cell -> cell.samples().stream().map(sample -> voidOf(cell, sample)))
                .filter(Objects::nonNull))
        .as("samples that don't count")
        .isEmpty();
    assertThat(result.cells())
        .extracting(Cell::group)
        .contains("cold", "total", "steady", "scale", "fleet", "micro");
    for (String group : List.of("cold", "total", "steady", "scale")) {
      assertThat(result.cells().stream().filter(cell -> cell.group().equals(group)))
          .as(group)
          .extracting(Cell::mode)
          .contains("overlayfs", "morsel", "other");
    }
    assertThat(result.cells()).extracting(Cell::mode).contains("limit", "direct", "nginx", "squid");
    assertThat(result.machine().versions()).containsKeys("morsel", "containerd", "runc");
    assertThat(report).content().startsWith("<!DOCTYPE html>").contains("tiny-hello", "other");
    assertThat(markdown).content().contains("| local | tiny-hello |");
    assertNothingLeft(nodes);

    Command.Result same = bench("compare", json, json, "--fail-over", 1).run();
    assertThat(same.exitCode()).as(same.errors()).isZero();
    Path slower = work.resolve("slower.json");
    ResultFile.write(slower, slower(result));
    assertThat(bench("compare", json, slower, "--fail-over", 50).run().exitCode()).isEqualTo(3);
    assertThat(bench("compare", slower, json, "--fail-over", 50).run().exitCode()).isZero();
  }

  private static @org.jspecify.annotations.Nullable String voidOf(Cell cell, Sample sample) {
    return sample.voidReason() == null ? null : cell.key() + ": " + sample.voidReason();
  }

  /** The same, had everything taken three times as long. */
  private static BenchResult slower(BenchResult result) {
    return new BenchResult(
        result.schema(),
        result.commit(),
        result.began(),
        result.durationMillis(),
        result.command(),
        result.settings(),
        result.machine(),
        result.cells().stream()
            .map(
                cell ->
                    cell.unit().equals("ms")
                        ? Cell.of(
                            cell.key(),
                            cell.samples().stream()
                                .map(
                                    sample ->
                                        Sample.of(
                                            sample.round(),
                                            3 * Objects.requireNonNull(sample.value())))
                                .toList())
                        : cell)
            .toList(),
        result.remarks());
  }

  @Test
  void anInterruptedRunLeavesNothing() throws Exception {
    Path nodes = Directories.temporary(work, "nodes-");
    Path json = work.resolve("interrupted.json");
    Process process = run(nodes, "--group", "cold", "--json", json).start();
    try {
      var errors = Command.drain(process.getErrorStream());
      var output = Command.drain(process.getInputStream());
      Await.until(
          "a node's containerd runs",
          LIMIT,
          () -> {
            assertThat(process.isAlive()).as("the run goes on").isTrue();
            return processesOf(nodes).anyMatch(line -> line.startsWith("containerd "));
          });
      // Not by destroy(), which closes the pipes too.
      Command.of("kill", process.pid()).succeed();
      assertThat(process.waitFor(Node.SOON.toSeconds() * 2, java.util.concurrent.TimeUnit.SECONDS))
          .isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
      assertThat(new String(errors.get(), java.nio.charset.StandardCharsets.UTF_8))
          .doesNotContain("\tat ");
      assertThat(output.get()).isEmpty();
    } finally {
      Command.end(process);
    }
    assertThat(json).doesNotExist();
    assertNothingLeft(nodes);
  }

  private static Stream<String> processesOf(Path directory) {
    return ProcessHandle.allProcesses()
        .map(process -> process.info().commandLine().orElse(""))
        .filter(line -> line.contains(directory + "/"))
        .map(line -> line.substring(line.lastIndexOf('/', line.indexOf(' ')) + 1));
  }

  private static void assertNothingLeft(Path nodes) throws IOException {
    assertThat(processesOf(nodes)).as("processes").isEmpty();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(nodes + "/");
    try (Stream<Path> files = Files.list(nodes)) {
      assertThat(files).as("files of nodes").isEmpty();
    }
    try (Stream<Path> files = Files.list(work)) {
      assertThat(files.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  @Test
  void badInputIsNamed() throws IOException {
    Path nodes = Directories.temporary(work, "nodes-");
    assertClear(
        run(nodes, "--peer", "ghost=" + work.resolve("nobody.sock")).run(),
        1,
        "ghost",
        "nobody.sock");
    assertClear(run(nodes, "--net", "fast").run(), 2, "--net", "fast", "local");
    assertClear(run(nodes, "--workload", "none").run(), 2, "--workload none", "tiny-hello");
    assertClear(run(nodes, "--json", work.resolve("no/dir.json")).run(), 1, "no/dir.json");
    assertClear(run(nodes, "--rounds", -1).run(), 2, "--rounds");
    assertClear(bench("compare", "/nonexistent.json", "/b.json").run(), 1, "/nonexistent.json");
    Files.writeString(work.resolve("wrong.json"), "{}");
    assertClear(
        bench("report", work.resolve("wrong.json"), "--markdown", "-").run(), 1, "wrong.json");
    assertClear(run(work.resolve("a-long-name".repeat(9))).run(), 1, "Unix sockets");
    Path unprivileged = Directories.temporary(work, "nobody-");
    assertClear(
        Command.of(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                Node.CHECKOUT.resolve("bench/run"),
                "--smoke",
                "--work",
                unprivileged)
            .run(),
        1,
        "needs root");
    Path small = Directories.temporary(work, "small-");
    Command.of("mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", small).succeed();
    try {
      assertClear(run(small, "--group", "cold").run(), 1, small.toString(), "MB free");
    } finally {
      Command.of("umount", "-l", small).succeed();
    }
    assertNothingLeft(nodes);
  }

  private static void assertClear(Command.Result result, int exitCode, String... parts) {
    assertThat(result.exitCode()).as(result.errors()).isEqualTo(exitCode);
    assertThat(result.errors()).contains(parts).doesNotContain("\tat ", "Exception in thread");
  }

  /** README shows the figures of the newest result that is in the repository. */
  @Test
  void readmeHasTheFiguresThatAreCommitted() throws IOException {
    Path results = Node.CHECKOUT.resolve("bench/results");
    Path newest;
    try (Stream<Path> files = Files.list(results)) {
      newest =
          files
              .filter(file -> file.toString().endsWith(".json"))
              .max(java.util.Comparator.comparing(Path::getFileName))
              .orElseThrow();
    }
    Path copy = work.resolve("README.md");
    Files.copy(Node.CHECKOUT.resolve("README.md"), copy);
    bench("readme", newest, "--file", copy).succeed();
    assertThat(copy).hasSameTextualContentAs(Node.CHECKOUT.resolve("README.md"));
  }

  /** A snapshotter that somebody else runs; it happens to be Morsel too. */
  private static final class OtherMorsel implements AutoCloseable {
    private final Path directory;
    private final Path script;

    OtherMorsel(Path directory) throws IOException {
      this.directory = directory;
      String metrics = "127.0.0.1:" + Http.freePort();
      Files.writeString(
          directory.resolve("morsel.toml"),
          """
          root = "%1$s/root"
          address = "%1$s/morsel.sock"
          warm_up = false
          [metrics]
          address = "%2$s"
          """
              .formatted(directory, metrics));
      script = directory.resolve("restart.sh");
      Files.writeString(
          script,
          """
          cd %1$s
          if [ -e pid ]; then
            kill "$(cat pid)"
            while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.05; done
          fi
          rm -rf --one-file-system root
          setsid %2$s serve --config morsel.toml >>log 2>&1 </dev/null &
          echo $! >pid
          until curl -fs -o /dev/null http://%3$s/healthz; do
            kill -0 "$(cat pid)" || exit 1
            sleep 0.05
          done
          """
              .formatted(directory, Node.CHECKOUT.resolve("morsel"), metrics));
      Command.of("sh", script).succeed();
    }

    Path socket() {
      return directory.resolve("morsel.sock");
    }

    /** A command that starts it anew on an empty root. */
    String restart() {
      return "sh " + script;
    }

    @Override
    public void close() throws IOException {
      Command.of("kill", Files.readString(directory.resolve("pid")).strip()).succeed();
      Await.until("the peer is gone", Node.SOON, () -> processesOf(directory).findAny().isEmpty());
    }
  }
}
