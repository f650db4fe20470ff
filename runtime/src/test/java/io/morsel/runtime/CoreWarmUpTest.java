package io.morsel.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.namespaces.ListNamespacesRequest;
import io.morsel.containerd.api.namespaces.NamespacesGrpc;
import io.morsel.fuse.Mountinfo;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A core's warm-up does what it is for, and leaves nothing. */
final class CoreWarmUpTest {
  @TempDir Path directory;

  @BeforeEach
  void mountingIsPossible() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("mounting needs root")
        .isEqualTo(0);
    assumeThat(Path.of("/dev/fuse")).exists();
  }

  private CoreSettings settings() {
    return new CoreSettings(
        directory.resolve("root"),
        directory.resolve("state"),
        directory.resolve("core.sock"),
        MorselConfig.defaults().with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0"),
        "7",
        "abc");
  }

  @Test
  void startsContainersAndLeavesNothing() throws Exception {
    try (Core core = Core.startDaemon(settings(), Core.FurtherServices.NONE);
        UnixChannel client = UnixChannel.open(directory.resolve("core.sock"))) {
      core.awaitWarmUp();
      assertThat(core.completedWarmUp()).isTrue();
      assertNothingIsLeft();
      assertThat(
              NamespacesGrpc.newBlockingStub(client.channel())
                  .list(ListNamespacesRequest.getDefaultInstance())
                  .getNamespacesList())
          .isEmpty();
      assertThat(metrics(core).lines().filter(line -> line.startsWith("morsel_fetch_requests")))
          .isNotEmpty()
          .allMatch(line -> line.endsWith(" 0.0"));
      assertThat(metrics(core)).doesNotContain("service=\"containerd.services.tasks.v1.Tasks\"");
    }
  }

  @Test
  void callThatAContainerWaitsForEndsIt() throws Exception {
    try (Core core = Core.startDaemon(settings(), Core.FurtherServices.NONE);
        UnixChannel client = UnixChannel.open(directory.resolve("core.sock"))) {
      var _ =
          LeasesGrpc.newBlockingStub(client.channel(CallHeaders.namespace("a")))
              .create(CreateRequest.newBuilder().setId("l").build());
      core.awaitWarmUp();
      assertThat(core.completedWarmUp()).isFalse();
      assertNothingIsLeft();
    }
  }

  /** At several moments, since each has something else to be put away. */
  @Test
  void coreStopsInTheMiddleOfIt() throws Exception {
    Core.startDaemon(settings(), Core.FurtherServices.NONE).close();
    assertNothingIsLeft();
    Core core = Core.startDaemon(settings(), Core.FurtherServices.NONE);
    Path inner = directory.resolve("root/warm-up/s");
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!Files.exists(inner) && System.nanoTime() < limit) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(inner).exists();
    core.close();
    assertNothingIsLeft();
  }

  @Test
  void whatAKilledCoreLeftIsDeletedAlsoByOneThatDoesNotWarmUp() throws Exception {
    Path left = Files.createDirectories(directory.resolve("root/warm-up/root"));
    Files.writeString(left.resolve("file"), "left");
    try (Core core = Core.start(settings())) {
      core.awaitWarmUp();
      assertNothingIsLeft();
    }
  }

  @Test
  void configurationTurnsItOff() throws Exception {
    CoreSettings on = settings();
    CoreSettings off =
        new CoreSettings(
            on.root(),
            on.state(),
            on.address(),
            on.config().with(ConfigKeys.WARM_UP, false),
            on.version(),
            on.revision());
    try (Core core = Core.startDaemon(off, Core.FurtherServices.NONE)) {
      core.awaitWarmUp();
      assertThat(core.completedWarmUp()).isFalse();
    }
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(directory.resolve("root/warm-up")).doesNotExist();
    assertThat(
            Mountinfo.under(directory.toRealPath()).stream()
                .filter(mount -> mount.mountPoint().toString().contains("warm-up")))
        .isEmpty();
  }

  private static String metrics(Core core) throws IOException {
    int port = core.metricsAddress().orElseThrow().getPort();
    try (InputStream in =
        URI.create("http://127.0.0.1:" + port + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
