package io.morsel.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.WriteAction;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.version.VersionGrpc;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a core says of itself over HTTP, and that it can be rehearsed. */
final class CoreMetricsTest {
  @TempDir Path directory;

  private Core start(MorselConfig config) throws IOException {
    return Core.start(
        new CoreSettings(
            directory.resolve("root"),
            directory.resolve("state"),
            directory.resolve("core.sock"),
            config,
            "7",
            "abc"));
  }

  private static MorselConfig withMetrics() {
    return MorselConfig.defaults().with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0");
  }

  private static String metrics(Core core) throws IOException {
    int port = core.metricsAddress().orElseThrow().getPort();
    try (InputStream in =
        URI.create("http://127.0.0.1:" + port + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void everyMetricIsDocumented() throws Exception {
    String document = Files.readString(Path.of("../docs/configuration.md"));
    try (Core core = start(withMetrics());
        UnixChannel client = UnixChannel.open(directory.resolve("core.sock"))) {
      var _ = VersionGrpc.newBlockingStub(client.channel()).version(Empty.getDefaultInstance());
      List<String> names =
          metrics(core)
              .lines()
              .filter(line -> line.startsWith("# TYPE morsel_core_"))
              .map(line -> line.split(" ", -1)[2])
              .toList();
      assertThat(names).hasSize(5);
      assertThat(names).allSatisfy(name -> assertThat(document).contains("| `" + name + "` |"));
    }
  }

  @Test
  void callsCollectionsAndStateAreCounted() throws Exception {
    try (Core core = start(withMetrics());
        UnixChannel client = UnixChannel.open(directory.resolve("core.sock"))) {
      Channel channel = client.channel(CallHeaders.namespace("a"));
      assertThatThrownBy(
              () ->
                  ImagesGrpc.newBlockingStub(channel)
                      .get(GetImageRequest.newBuilder().setName("none").build()))
          .isInstanceOf(StatusRuntimeException.class);
      var write = ContentGrpc.newBlockingV2Stub(channel).write();
      write.write(
          WriteContentRequest.newBuilder()
              .setAction(WriteAction.COMMIT)
              .setRef("r")
              .setData(ByteString.copyFrom(new byte[1234]))
              .putLabels("containerd.io/gc.root", "x")
              .build());
      assertThat(write.read()).isInstanceOf(WriteContentResponse.class);
      LeasesGrpc.LeasesBlockingStub leases = LeasesGrpc.newBlockingStub(channel);
      var _ = leases.create(CreateRequest.newBuilder().setId("l").build());
      var _ = leases.delete(DeleteRequest.newBuilder().setId("l").setSync(true).build());
      assertThat(metrics(core))
          .contains(
              "morsel_core_calls_total{code=\"NOT_FOUND\",method=\"Get\","
                  + "service=\"containerd.services.images.v1.Images\"} 1.0")
          .contains("morsel_core_content_bytes 1234.0")
          .contains("morsel_core_containers 0.0")
          .contains("morsel_core_gc_failures_total 0.0")
          .containsPattern("morsel_core_gc_duration_seconds_count [1-9]")
          .contains("morsel_build_info{version=\"7\"} 1");
    }
  }

  @Test
  void withoutAWordOfThemThereAreNone() throws Exception {
    try (Core core = start(MorselConfig.defaults())) {
      assertThat(core.metricsAddress()).isEmpty();
    }
  }

  @Test
  void rehearsalGoesThroughEverything() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("mounting needs root")
        .isEqualTo(0);
    assumeThat(Path.of("/dev/fuse")).exists();
    // Throws where its layer is not mounted.
    Path below = Files.createDirectory(directory.resolve("r")).toRealPath();
    CoreRehearsal.run(below, MorselConfig.defaults(), "7", "abc");
    assertThat(below).doesNotExist();
  }
}
