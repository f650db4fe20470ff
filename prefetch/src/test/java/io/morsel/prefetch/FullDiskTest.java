package io.morsel.prefetch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The cache's device is full: a small tmpfs of our own, so root is needed. */
@Timeout(60)
final class FullDiskTest {
  private static final int CHUNK = 64 << 10;

  @TempDir private Path directory;
  private Path mount = Path.of("");

  @BeforeEach
  void mount() throws Exception {
    assumeTrue(run("id", "-u").equals("0"), "mounting a tmpfs takes root");
    Path target = Files.createDirectory(directory.resolve("tmpfs"));
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", target.toString());
    mount = target;
  }

  @AfterEach
  void unmount() throws Exception {
    if (!mount.toString().isEmpty()) {
      run("umount", mount.toString());
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  /**
   * Who joins a write that was refused, but has not ended yet, fails with it: a chunk at a time.
   */
  private static void ensureOnceRefusedWritesAreOver(Rig rig, SampleLayer sample)
      throws IOException {
    IOException last = null;
    for (int attempt = 0; attempt <= 40; attempt++) {
      try {
        rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND);
        return;
      } catch (IOException e) {
        last = e;
      }
    }
    throw new AssertionError("still refused", last);
  }

  @Test
  void readersGoOnFromMemoryAndTheStateStaysTrue() throws Exception {
    SampleLayer sample = SampleLayer.uniform(40, CHUNK);
    Rig rig = new Rig(sample, mount);
    try (rig) {
      for (int i = 0; i < 40; i++) {
        assertThat(rig.read((long) i * CHUNK, CHUNK))
            .isEqualTo(rig.expected((long) i * CHUNK, CHUNK));
      }
      int requests = rig.blob.ranges.size();

      assertThat(rig.read(39L * CHUNK, CHUNK))
          .as("kept hot")
          .isEqualTo(rig.expected(39L * CHUNK, CHUNK));
      assertThat(rig.blob.ranges).hasSize(requests);
      assertThatThrownBy(() -> rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no space left on cache device for " + mount);
      assertThat(rig.layer.present.isFull()).isFalse();
      assertThat(rig.layer.presentBytes()).isPositive();
      for (int i = 0; i < 40; i++) {
        if (rig.reader.isPresent((long) i * CHUNK, CHUNK)) {
          assertThat(rig.read((long) i * CHUNK, CHUNK))
              .isEqualTo(rig.expected((long) i * CHUNK, CHUNK));
        }
      }
      // Room for the bitmap, which was refused so far.
      run("mount", "-o", "remount,size=8m", mount.toString());
      ensureOnceRefusedWritesAreOver(rig, sample);
      assertThat(rig.layer.present.isFull()).isTrue();
    }
    assertThat(rig.takenBytes()).as("buffers that nobody gave back").isZero();
    try (Rig again = new Rig(sample, mount)) {
      assertThat(again.read(0, sample.data.length)).isEqualTo(sample.data);
      assertThat(again.blob.ranges).isEmpty();
    }
  }
}
