package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.snapshots.CommitSnapshotRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.snapshots.UsageRequest;
import io.morsel.containerd.api.snapshots.UsageResponse;
import io.morsel.containerd.api.snapshots.ViewSnapshotRequest;
import io.morsel.containerd.api.types.Mount;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests of a daemon by calls on its socket, as containerd makes them, and by mounts, as runtimes
 * make them.
 */
abstract class DaemonTests {
  @TempDir Path directory;

  Daemon daemon;
  SnapshotsGrpc.SnapshotsBlockingStub snapshots;
  private UnixChannel channel;
  private final List<Path> mountPoints = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    startDaemon("root");
  }

  /** Starts the daemon on a root below the directory. */
  final void startDaemon(String root) throws IOException {
    daemon =
        Daemon.start(
            configure(
                MorselConfig.defaults()
                    .with(ConfigKeys.ROOT, directory.resolve(root))
                    .with(ConfigKeys.ADDRESS, directory.resolve("m.sock"))
                    .with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0")),
            "test");
    channel = UnixChannel.open(daemon.address());
    snapshots = SnapshotsGrpc.newBlockingStub(channel.channel());
  }

  /** What the tests want otherwise of the daemon. */
  MorselConfig configure(MorselConfig config) {
    return config;
  }

  final void stopDaemon() {
    channel.close();
    daemon.close();
  }

  @AfterEach
  void stop() throws Exception {
    unmountAll();
    stopDaemon();
  }

  final List<Mount> prepare(String key, String parent) {
    return prepare(key, parent, Map.of());
  }

  final List<Mount> prepare(String key, String parent, Map<String, String> labels) {
    return snapshots
        .prepare(
            PrepareSnapshotRequest.newBuilder()
                .setKey(key)
                .setParent(parent)
                .putAllLabels(labels)
                .build())
        .getMountsList();
  }

  final List<Mount> view(String key, String parent) {
    return snapshots
        .view(ViewSnapshotRequest.newBuilder().setKey(key).setParent(parent).build())
        .getMountsList();
  }

  final List<Mount> mounts(String key) {
    return snapshots.mounts(MountsRequest.newBuilder().setKey(key).build()).getMountsList();
  }

  final void commit(String name, String key) {
    var _ = snapshots.commit(CommitSnapshotRequest.newBuilder().setName(name).setKey(key).build());
  }

  final void remove(String key) {
    var _ = snapshots.remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  final Info stat(String key) {
    return snapshots.stat(StatSnapshotRequest.newBuilder().setKey(key).build()).getInfo();
  }

  final UsageResponse usage(String key) {
    return snapshots.usage(UsageRequest.newBuilder().setKey(key).build());
  }

  final List<Info> list(String... filters) {
    List<Info> infos = new ArrayList<>();
    snapshots
        .list(ListSnapshotsRequest.newBuilder().addAllFilters(List.of(filters)).build())
        .forEachRemaining(batch -> infos.addAll(batch.getInfoList()));
    return infos;
  }

  static Mount only(List<Mount> mounts) {
    assertThat(mounts).hasSize(1);
    return mounts.getFirst();
  }

  static void needsRoot() throws IOException {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid", LinkOption.NOFOLLOW_LINKS))
        .as("mounting needs root")
        .isEqualTo(0);
  }

  /** Mounts until the test's end, or until {@link #unmountAll}. */
  final Path mount(List<Mount> mounts) throws Exception {
    needsRoot();
    Mount mount = only(mounts);
    Path target = Files.createTempDirectory(directory, "mnt");
    if (mount.getType().equals("bind")) {
      var _ = run("mount", "--rbind", mount.getSource(), target.toString());
      if (mount.getOptionsList().contains("ro")) {
        var _ = run("mount", "-o", "remount,bind,ro", target.toString());
      }
    } else {
      var _ =
          run(
              "mount",
              "-t",
              mount.getType(),
              "-o",
              String.join(",", mount.getOptionsList()),
              mount.getSource(),
              target.toString());
    }
    mountPoints.add(target);
    return target;
  }

  final void unmountAll() throws Exception {
    for (Path mountPoint : mountPoints.reversed()) {
      var _ = run("umount", "-l", mountPoint.toString());
    }
    mountPoints.clear();
  }

  /** Runs a program, which must succeed; what it wrote. */
  static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }

  final String metrics() throws Exception {
    return get("/metrics");
  }

  /** What the daemon serves by HTTP. */
  final String get(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uri =
          URI.create("http://127.0.0.1:" + daemon.metricsAddress().orElseThrow().getPort() + path);
      return client
          .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
