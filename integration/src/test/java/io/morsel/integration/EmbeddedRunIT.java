package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code morsel run} where nothing runs: the core is inside the command, and ends with it. */
class EmbeddedRunIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int DATA_BYTES = 20_000_000;
  private static String plain = "";
  private static String lazy = "";

  private Path directory;

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("embedded:plain");
    RunImages.push(FIXTURE.work(), plain, DATA_BYTES);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("embedded:lazy"));
  }

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
  }

  @AfterEach
  void removeDirectory() {
    shims().forEach(ProcessHandle::destroyForcibly);
    Mounts.detachBelow(directory);
    Directories.delete(directory);
  }

  private Command run(Object... words) {
    return Node.morsel(
        "run",
        "--root",
        directory.resolve("root"),
        "--state",
        directory.resolve("state"),
        List.of(words));
  }

  /** The shims of this directory's cores, which outlive them by design. */
  private Stream<ProcessHandle> shims() {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process
                    .info()
                    .commandLine()
                    .filter(line -> line.contains("containerd-shim"))
                    .filter(line -> line.contains(directory.toString()))
                    .isPresent());
  }

  private void assertNothingRunsOrIsMounted() throws IOException {
    assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
        .doesNotContain(directory.toString());
    Await.until("the shim has ended", Node.SOON, () -> shims().findAny().isEmpty());
    try (Stream<Path> files = Files.walk(directory.resolve("state"))) {
      assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".sock"));
    }
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aContainerNeedsNoDaemon() throws Exception {
    long before = FIXTURE.registry().traffic().receivedBytes();
    Command.Result result = run("--rm", lazy, "sh", "-c", "echo $FROM_IMAGE; exit 5").run();
    assertThat(result.errors()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(5);
    assertThat(result.text()).isEqualTo("yes\n");
    assertThat(FIXTURE.registry().traffic().receivedBytes() - before).isLessThan(DATA_BYTES);
    assertNothingRunsOrIsMounted();

    assertThat(run("--rm", "--pull", "never", lazy).succeed()).isEqualTo("from the image\n");
    assertNothingRunsOrIsMounted();
  }

  @Test
  void whatCantBeLazyIsUnpacked() throws Exception {
    Command.Result result = run("--rm", plain).run();
    assertThat(result.text()).isEqualTo("from the image\n");
    assertThat(result.errors().lines().filter(line -> line.contains("pulled in full"))).hasSize(2);
    assertNothingRunsOrIsMounted();
  }

  @Test
  void sigtermEndsTheContainerAndEverythingElse() throws Exception {
    Path out = directory.resolve("out");
    // The first process of a container gets no signal that it does not handle.
    Process process =
        Command.of(
                "sh",
                "-c",
                "exec "
                    + run(
                        "--rm",
                        "--stop-timeout",
                        1,
                        lazy,
                        "sh",
                        "-c",
                        "'echo ready; exec sleep 1000'")
                    + " > "
                    + out
                    + " 2>&1")
            .start();
    try {
      Await.until("the container runs", Node.SOON, () -> read(out).contains("ready"));
      Command.Result second = run("--rm", lazy).run();
      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.errors()).contains("start 'morsel core', which both can share");
      Command.of("kill", "-s", "TERM", process.pid()).succeed();
      assertThat(process.waitFor()).isEqualTo(137);
    } finally {
      Command.end(process);
    }
    assertNothingRunsOrIsMounted();
  }

  @Test
  void aFailureLeavesNothing() throws Exception {
    Command.Result result = run("--rm", lazy, "nonesuch").run();
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.errors()).contains("\"nonesuch\": executable file not found");
    assertNothingRunsOrIsMounted();
  }
}
