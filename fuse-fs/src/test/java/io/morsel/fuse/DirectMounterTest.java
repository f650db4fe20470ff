package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The contract for the direct front end, and what only that one promises. */
final class DirectMounterTest extends ServedViewContract {
  @Override
  FuseMounter newMounter() {
    return new DirectMounter();
  }

  @Test
  void servesManyMountsWithTheSameThreads() throws Exception {
    SampleLayer layer = new SampleLayer();
    layer.file("hello", 0644, SampleLayer.bytes("hello"));
    SampleContent content = open(layer);
    mount(content);
    List<LayerMount> mounts = new ArrayList<>();
    long before = tasks();
    for (int i = 0; i < 200; i++) {
      mounts.add(mount(content));
    }
    for (LayerMount mount : mounts) {
      assertThat(Files.readString(mount.mountPoint().resolve("hello"))).isEqualTo("hello");
    }
    // A few more for the JVM's compilers and collectors.
    assertThat(tasks()).isLessThan(before + 12);
    long descriptors = count("/proc/self/fd");
    mounts.forEach(LayerMount::close);
    assertThat(count("/proc/self/fd")).isLessThanOrEqualTo(descriptors - 200);
  }

  private static long tasks() throws Exception {
    return count("/proc/self/task");
  }

  private static long count(String directory) throws Exception {
    try (var entries = Files.list(Path.of(directory))) {
      return entries.count();
    }
  }

  @Test
  void givesUpAReadWhoseReaderIsKilled() throws Exception {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    CountDownLatch gate = content.closeGate(layer.dataOffset("large"));
    Path root = mount(content).mountPoint();
    Process reader =
        new ProcessBuilder(
                "dd", "if=" + root.resolve("large"), "of=/dev/null", "iflag=direct", "bs=4096")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      await(() -> content.waiting.get() > 0);
      reader.destroyForcibly();
      assertThat(reader.waitFor(10, TimeUnit.SECONDS)).isTrue();
      await(() -> content.waiting.get() == 0);
      assertThat(content.interrupted.get()).isPositive();
      assertThat(Files.readString(root.resolve("hello"))).isEqualTo("hello, world\n");
    } finally {
      gate.countDown();
    }
  }

  @Test
  void readsAheadInLargeRequests() throws Exception {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    Path root = mount(content).mountPoint();
    Files.readAllBytes(root.resolve("large"));
    assertThat(content.largestRead.get()).isEqualTo(1 << 20);
  }
}
