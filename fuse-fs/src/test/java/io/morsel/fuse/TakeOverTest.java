package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A mounter goes on with what another one served, whose descriptors somebody has kept. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TakeOverTest {
  private static final long OFFSET = 64L << 20;

  @TempDir(cleanup = CleanupMode.NEVER)
  private Path directory;

  private final Store store = new Store();
  private SampleLayer layer;
  private SampleContent content;
  private SampleContent same;

  /** Keeps duplicates in this process. */
  private static final class Store implements DescriptorKeeper {
    final Map<String, Integer> kept = new ConcurrentHashMap<>();

    @Override
    public boolean keep(int descriptor, String name) {
      kept.put(name, Native.duplicate(descriptor));
      return true;
    }

    @Override
    public void drop(String name) {
      Integer descriptor = kept.remove(name);
      if (descriptor != null) {
        Linux.close(descriptor);
      }
    }

    /** The only one, as it would be passed to another process. */
    int passed() {
      return Native.duplicate(kept.values().iterator().next());
    }

    KeptConnection connection() {
      return KeptConnection.parse(kept.keySet().iterator().next()).orElseThrow();
    }
  }

  @BeforeEach
  void open() throws IOException {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/fuse")) && Linux.effectiveUser() == 0,
        "mounting needs root and /dev/fuse");
    directory = directory.toRealPath();
    layer = SampleLayer.withEverything(1L << 30);
    content = layer.open(directory, "sha256:" + "0a".repeat(32));
    same = content.with(content.tree());
  }

  @AfterEach
  void cleanUp() throws Exception {
    for (Mountinfo mount : Mountinfo.under(directory).reversed()) {
      Mountinfo.detach(mount.mountPoint());
    }
    content.tree().close();
    ViewContract.run("rm", "-rf", directory.toString());
  }

  private Path mountPoint() throws IOException {
    return Files.createTempDirectory(directory, "mnt");
  }

  private static Process reader(Path root) throws IOException {
    return new ProcessBuilder(
            "dd", "if=" + root.resolve("huge"), "bs=4096", "count=1", "skip=" + OFFSET / 4096)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private byte[] expected() throws IOException {
    return layer.expected(layer.get("huge"), OFFSET, 4096);
  }

  /** A reader waits for content while the mounter is closed; it has a file open. */
  private Process leave() throws Exception {
    CountDownLatch gate = content.closeGate(layer.dataOffset("huge") + OFFSET);
    Process reader;
    try (DirectMounter first = new DirectMounter(store)) {
      Path root = first.mount(content, mountPoint()).mountPoint();
      reader = reader(root);
      ViewContract.await(() -> content.waiting.get() > 0);
    }
    gate.countDown();
    assertThat(content.waiting.get()).as("reads of the closed mounter").isZero();
    assertThat(store.kept).as("what is kept").hasSize(1);
    assertThat(reader.isAlive()).as("the reader waits").isTrue();
    return reader;
  }

  @Test
  void whatWaitsIsAnsweredByTheNext() throws Exception {
    Process reader = leave();
    try (DirectMounter second = new DirectMounter(store)) {
      int descriptor = store.passed();
      assertThat(DirectMounter.isServed(descriptor)).isTrue();
      CompletableFuture<Void> end =
          second.takeOver(descriptor, store.connection(), same, directory);
      assertThat(reader.getInputStream().readAllBytes()).isEqualTo(expected());
      assertThat(reader.waitFor()).isZero();
      // With its last user the filesystem goes, and what is kept of it.
      end.get(10, TimeUnit.SECONDS);
      assertThat(store.kept).isEmpty();
    }
  }

  @Test
  void anotherContentIsNotServed() throws Exception {
    Process reader = leave();
    SampleLayer small = new SampleLayer();
    small.file("hello", 0644, SampleLayer.bytes("hello"));
    SampleContent other =
        small.open(Files.createDirectory(directory.resolve("other")), "sha256:" + "0a".repeat(32));
    try (DirectMounter second = new DirectMounter(store)) {
      KeptConnection kept = store.connection();
      int descriptor = store.passed();
      assertThatThrownBy(() -> second.takeOver(descriptor, kept, other, directory))
          .hasMessageContaining("not the one that it was mounted with");
      assertThat(reader.isAlive()).isTrue();
      store.drop(kept.name());
      assertThat(reader.getInputStream().readAllBytes()).isEmpty();
      assertThat(reader.waitFor()).as("the reader's exit code").isEqualTo(1);
    } finally {
      other.tree().close();
    }
  }

  @Test
  void whatNobodyUsesIsNotKept() throws Exception {
    int descriptor;
    try (DirectMounter first = new DirectMounter(store)) {
      LayerMount unmounted = first.mount(content, mountPoint());
      assertThat(store.kept).hasSize(1);
      descriptor = store.passed();
      assertThat(DirectMounter.isServed(descriptor)).isTrue();
      unmounted.close();
      assertThat(store.kept).isEmpty();
      first.mount(content, mountPoint());
      assertThat(store.kept).hasSize(1);
    }
    assertThat(store.kept).isEmpty();
    assertThat(DirectMounter.isServed(descriptor)).isFalse();
    DirectMounter.abandon(descriptor);
  }

  @Test
  void whatIsNoConnectionIsNotServed() throws Exception {
    int file = Linux.open("/dev/null", Linux.O_RDWR);
    assertThat(DirectMounter.isServed(file)).isFalse();
    Linux.close(file);
    assertThat(DirectMounter.isServed(file)).isFalse();
  }
}
