package io.morsel.shim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Logs of shims, of which there is no shim here. */
@Timeout(60)
final class ShimLogTest {
  @TempDir private Path directory;
  private final ShimLogs logs = new ShimLogs();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private Bundle bundle(String id) throws Exception {
    return Bundle.create(
        directory.resolve("state"),
        directory.resolve("root"),
        "ns",
        id,
        "{}".getBytes(StandardCharsets.UTF_8));
  }

  private ShimLog open(Bundle bundle) throws Exception {
    return ShimLog.open(bundle, logs, (from, line) -> lines.add(from.id() + " " + line));
  }

  private static void write(Bundle bundle, String text) throws Exception {
    try (OutputStream out = Files.newOutputStream(bundle.log())) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void linesOfManyShimsAreHandedOn() throws Exception {
    Bundle a = bundle("a");
    Bundle b = bundle("b");
    try (ShimLog _ = open(a);
        ShimLog _ = open(b)) {
      write(a, "one\n\nhalf");
      assertThat(lines.take()).isEqualTo("a one");
      write(b, "two\n");
      assertThat(lines.take()).isEqualTo("b two");
      // Another writer goes on where one has ended.
      write(a, " a line\n");
      assertThat(lines.take()).isEqualTo("a half a line");
      write(a, "x".repeat(40_000) + "\n");
      assertThat(lines.take()).hasSize(2 + (16 << 10));
      assertThat(lines.take()).hasSize(2 + (16 << 10));
      assertThat(lines.take()).hasSize(2 + 40_000 - 2 * (16 << 10));
    }
  }

  @Test
  void whatWasWrittenBeforeTheEndIsHandedOnAndTheFileIsClosed() throws Exception {
    for (int round = 0; round < 20; round++) {
      Bundle bundle = bundle("c" + round);
      try (ShimLog _ = open(bundle)) {
        write(bundle, "first\nlast");
      }
      assertThat(lines.take()).endsWith("first");
      assertThat(lines.take()).endsWith("last");
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (isOpen(bundle.log())) {
        assertThat(System.nanoTime()).as("the FIFO is still open").isLessThan(deadline);
      }
    }
  }

  private static boolean isOpen(Path file) throws Exception {
    try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.map(ShimLogTest::target).anyMatch(file.toRealPath().toString()::equals);
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "closed meanwhile";
    }
  }
}
