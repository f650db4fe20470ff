package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Core;
import io.morsel.bench.node.Morsel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A daemon starts from what {@code --record} has recorded of its build, as in all the other tests,
 * and does the same where nobody has recorded anything.
 */
class RecordingIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static String lazy = "";

  private Path directory;

  @BeforeAll
  static void push() {
    String plain = FIXTURE.reference("recorded:plain");
    RunImages.push(FIXTURE.work(), plain, 100_000);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("recorded:lazy"));
  }

  @BeforeEach
  void makeDirectory() {
    directory = Directories.temporary(Path.of("/tmp"), "morsel-it-");
  }

  @AfterEach
  void deleteDirectory() {
    Uninterrupted.run(() -> Mounts.detachBelow(directory), () -> Directories.delete(directory));
  }

  /** The checkout, or the same build as it is where nothing was recorded. */
  private Path checkout(boolean recorded) throws IOException {
    if (recorded) {
      return Node.CHECKOUT;
    }
    Path checkout = directory.resolve("checkout");
    Path program = Files.createDirectories(checkout.resolve("cli/target/morsel"));
    Files.createSymbolicLink(
        program.resolve("lib"), Node.CHECKOUT.resolve("cli/target/morsel/lib"));
    Files.createSymbolicLink(checkout.resolve("deploy"), Node.CHECKOUT.resolve("deploy"));
    Files.copy(
        Node.CHECKOUT.resolve("morsel"),
        checkout.resolve("morsel"),
        StandardCopyOption.COPY_ATTRIBUTES);
    return checkout;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSnapshotterStarts(boolean recorded) throws IOException {
    Morsel.Setup setup = Morsel.Setup.in(checkout(recorded), directory);
    try (Morsel morsel = Morsel.start(setup);
        Containerd containerd =
            Containerd.start(directory, Map.of("morsel", morsel.socket()), false)) {
      assertStarted("serve", morsel.daemon().pid(), recorded);
      assertRuns(containerd.socket());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCoreStarts(boolean recorded) throws IOException {
    try (Core core = Core.start(checkout(recorded), directory, "")) {
      assertStarted("core", core.pid(), recorded);
      assertRuns(core.socket());
    }
  }

  private static void assertStarted(String command, long pid, boolean recorded) throws IOException {
    String maps = Files.readString(Path.of("/proc", Long.toString(pid), "maps"));
    assertThat(maps.contains("/aot/" + command + ".aot"))
        .as("whether it starts from the recording")
        .isEqualTo(recorded);
  }

  private static void assertRuns(Path socket) {
    assertThat(
            Node.morsel("run", "--rm", "--address", socket, lazy, "sh", "-c", "wc -c < /data")
                .succeed()
                .strip())
        .isEqualTo("100000");
  }
}
