package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.fuse.Mountinfo;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The warm-up does what it is for, and leaves nothing. */
final class WarmUpTest {
  @TempDir Path directory;

  @BeforeEach
  void mountingIsPossible() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("mounting needs root")
        .isEqualTo(0);
    assumeThat(Path.of("/dev/fuse")).exists();
  }

  private MorselConfig config() {
    return MorselConfig.defaults()
        .with(ConfigKeys.ROOT, directory.resolve("root"))
        .with(ConfigKeys.ADDRESS, directory.resolve("m.sock"))
        .with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0");
  }

  @Test
  void rehearsalGoesThroughEverything() throws Exception {
    // Throws where its layer is not mounted.
    SnapshotterRehearsal.record(config(), "test");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void nothingIsLeftOfIt() throws Exception {
    try (Daemon daemon = Daemon.start(config(), "test")) {
      daemon.awaitWarmUp();
      assertNothingIsLeft();
      assertThat(snapshots(daemon)).isZero();
      assertThat(metrics(daemon).lines().filter(line -> line.startsWith("morsel_fetch_requests")))
          .isNotEmpty()
          .allMatch(line -> line.endsWith(" 0.0"));
      assertThat(metrics(daemon)).contains("jvm_").doesNotContain("method=\"Prepare\"");
    }
  }

  @Test
  void callEndsIt() throws Exception {
    try (Daemon daemon = Daemon.start(config(), "test");
        UnixChannel channel = UnixChannel.open(daemon.address())) {
      assertThat(
              SnapshotsGrpc.newBlockingStub(channel.channel())
                  .prepare(PrepareSnapshotRequest.newBuilder().setKey("k").build())
                  .getMountsList())
          .hasSize(1);
      daemon.awaitWarmUp();
      assertNothingIsLeft();
      assertThat(snapshots(daemon)).isOne();
    }
  }

  @Test
  void whatAKilledDaemonLeftIsDeleted() throws Exception {
    Path left = Files.createDirectories(directory.resolve("root/warm-up/root"));
    Files.writeString(left.resolve("file"), "left");
    try (Daemon daemon = Daemon.start(config(), "test")) {
      daemon.awaitWarmUp();
      assertNothingIsLeft();
    }
  }

  @Test
  void daemonStopsInTheMiddleOfIt() throws Exception {
    Daemon.start(config(), "test").close();
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(directory.resolve("root/warm-up")).doesNotExist();
    assertThat(Mountinfo.under(directory.toRealPath())).isEmpty();
    try (var layers = Files.walk(directory.resolve("root/layers"))) {
      assertThat(layers.filter(Files::isRegularFile)).isEmpty();
    } catch (java.nio.file.NoSuchFileException e) {
      // No layer was ever stored.
    }
  }

  private static int snapshots(Daemon daemon) {
    int[] count = {0};
    try (UnixChannel channel = UnixChannel.open(daemon.address())) {
      SnapshotsGrpc.newBlockingStub(channel.channel())
          .list(ListSnapshotsRequest.getDefaultInstance())
          .forEachRemaining(batch -> count[0] += batch.getInfoCount());
    }
    return count[0];
  }

  private static String metrics(Daemon daemon) throws IOException {
    URI uri =
        URI.create(
            "http://127.0.0.1:" + daemon.metricsAddress().orElseThrow().getPort() + "/metrics");
    try (var in = uri.toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
