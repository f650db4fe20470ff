package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.FieldMask;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.api.snapshots.CleanupRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.Kind;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.UpdateSnapshotRequest;
import io.morsel.containerd.api.snapshots.UsageResponse;
import io.morsel.containerd.api.types.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The service as containerd sees it: a daemon, its socket, and real overlay mounts. */
final class SnapshotsServiceTest extends DaemonTests {
  @Test
  void mountShapes() {
    Mount first = only(prepare("a", ""));
    assertThat(first.getType()).isEqualTo("bind");
    assertThat(first.getOptionsList()).containsExactly("rw", "rbind");
    assertThat(only(view("empty", "")).getOptionsList()).containsExactly("ro", "rbind");
    commit("base", "a");
    Mount oneParent = only(view("v1", "base"));
    assertThat(oneParent.getType()).isEqualTo("bind");
    assertThat(oneParent.getSource()).isEqualTo(first.getSource());
    assertThat(oneParent.getOptionsList()).containsExactly("ro", "rbind");
    Mount active = only(prepare("b", "base"));
    assertThat(active.getType()).isEqualTo("overlay");
    assertThat(active.getOptionsList())
        .anyMatch(option -> option.startsWith("upperdir="))
        .anyMatch(option -> option.startsWith("workdir="))
        .contains("lowerdir=" + first.getSource());
    assertThat(mounts("b")).containsExactly(active);
    String upper = option(active, "upperdir=");
    commit("second", "b");
    Mount twoParents = only(view("v2", "second"));
    assertThat(twoParents.getType()).isEqualTo("overlay");
    assertThat(twoParents.getOptionsList())
        .noneMatch(option -> option.startsWith("upperdir="))
        .contains("lowerdir=" + upper + ":" + first.getSource());
  }

  @Test
  void layersStackAndWhiteoutsHide() throws Exception {
    Path base = mount(prepare("k1", ""));
    Files.writeString(base.resolve("kept"), "1");
    Files.writeString(base.resolve("deleted"), "1");
    Files.createDirectories(base.resolve("dir/sub"));
    Files.writeString(base.resolve("dir/sub/file"), "1");
    commit("n1", "k1");
    Path second = mount(prepare("k2", "n1"));
    Files.delete(second.resolve("deleted"));
    Files.writeString(second.resolve("kept"), "2");
    Files.writeString(second.resolve("added"), "2");
    var _ = run("chown", "7:8", second.resolve("dir").toString());
    commit("n2", "k2");
    Path third = mount(prepare("k3", "n2"));
    var _ = run("mv", third.resolve("dir").toString(), third.resolve("renamed").toString());
    commit("n3", "k3");

    Path view = mount(view("v", "n3"));
    assertThat(view.resolve("kept")).hasContent("2");
    assertThat(view.resolve("added")).hasContent("2");
    assertThat(view.resolve("deleted")).doesNotExist();
    assertThat(view.resolve("dir")).doesNotExist();
    assertThat(view.resolve("renamed/sub/file")).hasContent("1");
    assertThat(Files.getAttribute(view.resolve("renamed"), "unix:uid")).isEqualTo(7);
    assertThatThrownBy(() -> Files.writeString(view.resolve("x"), ""))
        .hasMessageContaining("Read-only");
    assertThat(mount(view("v1", "n1")).resolve("deleted")).hasContent("1");
  }

  @Test
  void ownerOfRootIsInherited() throws Exception {
    Path base = mount(prepare("k1", ""));
    var _ = run("chown", "1000:2000", base.toString());
    commit("n1", "k1");
    Path child = mount(prepare("k2", "n1"));
    assertThat(Files.getAttribute(child, "unix:uid")).isEqualTo(1000);
    assertThat(Files.getAttribute(child, "unix:gid")).isEqualTo(2000);
  }

  @Test
  void errorsHaveContainerdsClasses() {
    prepare("active", "");
    view("view", "");
    prepare("k", "");
    commit("committed", "k");
    prepare("child", "committed");
    fails(Status.Code.ALREADY_EXISTS, () -> prepare("active", ""));
    fails(Status.Code.NOT_FOUND, () -> prepare("x", "missing"));
    fails(Status.Code.INVALID_ARGUMENT, () -> prepare("x", "active"));
    fails(Status.Code.FAILED_PRECONDITION, () -> mounts("committed"));
    fails(Status.Code.NOT_FOUND, () -> mounts("missing"));
    fails(Status.Code.ALREADY_EXISTS, () -> commit("committed", "active"));
    fails(Status.Code.NOT_FOUND, () -> commit("new", "missing"));
    fails(Status.Code.FAILED_PRECONDITION, () -> commit("new", "view"));
    fails(Status.Code.FAILED_PRECONDITION, () -> remove("committed"));
    fails(Status.Code.NOT_FOUND, () -> remove("missing"));
    fails(Status.Code.NOT_FOUND, () -> stat("missing"));
    fails(Status.Code.INVALID_ARGUMENT, () -> list("name=x"));
    fails(Status.Code.NOT_FOUND, () -> usage("missing"));
  }

  @Test
  void usageCountsBlocksAndHardLinksOnce() throws Exception {
    Path base = mount(prepare("k1", ""));
    Files.write(base.resolve("a"), new byte[100_000]);
    Files.createLink(base.resolve("b"), base.resolve("a"));
    Files.writeString(base.resolve("ä ö %41"), "x");
    UsageResponse active = usage("k1");
    assertThat(active.getInodes()).isEqualTo(3);
    assertThat(active.getSize()).isEqualTo(duBytes(base));
    commit("n1", "k1");
    assertThat(usage("n1")).isEqualTo(active);
    mount(prepare("k2", "n1"));
    assertThat(usage("k2").getInodes()).isEqualTo(1);
  }

  @Test
  void removedSnapshotsLeaveNoDirectories() throws Exception {
    Path data = directory.resolve("root/snapshots");
    prepare("k1", "");
    commit("n1", "k1");
    prepare("k2", "n1");
    assertThat(list(data)).hasSize(2);
    remove("k2");
    remove("n1");
    snapshots.cleanup(CleanupRequest.getDefaultInstance());
    assertThat(list(data)).isEmpty();
  }

  @Test
  void listComesInBatchesAndInfoIsComplete() {
    for (int i = 0; i < 230; i++) {
      prepare(String.format("k%03d", i), "", Map.of("n", String.valueOf(i)));
    }
    List<Integer> batches = new ArrayList<>();
    snapshots
        .list(ListSnapshotsRequest.getDefaultInstance())
        .forEachRemaining(batch -> batches.add(batch.getInfoCount()));
    assertThat(batches).containsExactly(100, 100, 30);
    Info info = list("labels.n==7").getFirst();
    assertThat(info.getName()).isEqualTo("k007");
    assertThat(info.getKind()).isEqualTo(Kind.ACTIVE);
    assertThat(info.getCreatedAt().getSeconds()).isPositive();
    assertThat(info).isEqualTo(stat("k007"));
  }

  @Test
  void updateChangesLabelsByMask() {
    prepare("k", "", Map.of("a", "1", "b", "2"));
    Info updated =
        snapshots
            .update(
                UpdateSnapshotRequest.newBuilder()
                    .setInfo(Info.newBuilder().setName("k").putLabels("a", "9"))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("labels.a"))
                    .build())
            .getInfo();
    assertThat(updated.getLabelsMap()).isEqualTo(Map.of("a", "9", "b", "2"));
    assertThat(stat("k")).isEqualTo(updated);
  }

  @Test
  void layerWithoutImageLabelsIsPreparedAndCounted() throws Exception {
    List<Mount> mounts = prepare("k", "", Map.of(Labels.SNAPSHOT_REF, "sha256:aa"));
    assertThat(mounts).hasSize(1);
    assertThat(metrics()).contains("morsel_snapshotter_fallback_total{reason=\"no_labels\"} 1.0");
  }

  @Test
  void layerOfUnreachableRegistryIsPreparedAndCounted() throws Exception {
    List<Mount> mounts =
        prepare(
            "k",
            "",
            Map.of(
                Labels.SNAPSHOT_REF,
                "sha256:aa",
                Labels.CRI_IMAGE_REF,
                "malformed reference",
                Labels.CRI_LAYER_DIGEST,
                "sha256:" + "0".repeat(64)));
    assertThat(mounts).hasSize(1);
    assertThat(metrics()).contains("morsel_snapshotter_fallback_total{reason=\"bad_labels\"} 1.0");
    assertThat(stat("k").getKind()).isEqualTo(Kind.ACTIVE);
  }

  @Test
  void snapshotsSurviveRestart() throws Exception {
    Path base = mount(prepare("k1", ""));
    Files.writeString(base.resolve("f"), "1");
    commit("n1", "k1");
    prepare("k2", "n1");
    List<Info> before = list();
    Files.createDirectories(directory.resolve("root/snapshots/new-leftover/fs"));
    Files.createDirectories(directory.resolve("root/snapshots/99999/fs"));
    stopDaemon();
    startDaemon("root");
    assertThat(list()).isEqualTo(before);
    assertThat(mount(mounts("k2")).resolve("f")).hasContent("1");
    assertThat(directory.resolve("root/snapshots/new-leftover")).doesNotExist();
    assertThat(directory.resolve("root/snapshots/99999")).doesNotExist();
  }

  @Test
  void secondDaemonOnTheSameRootIsRefused() {
    MorselConfig config =
        MorselConfig.defaults()
            .with(ConfigKeys.ROOT, directory.resolve("root"))
            .with(ConfigKeys.ADDRESS, directory.resolve("other.sock"))
            .with(ConfigKeys.METRICS_ADDRESS, "");
    assertThatThrownBy(() -> Daemon.start(config, "test"))
        .hasMessageContaining("another morsel daemon")
        .hasMessageContaining(String.valueOf(ProcessHandle.current().pid()));
    assertThat(directory.resolve("other.sock")).doesNotExist();
    assertThat(list()).isEmpty();
  }

  @Test
  void everyMetricAndReasonIsDocumented() throws Exception {
    String document = Files.readString(Path.of("../docs/configuration.md"));
    List<String> names =
        metrics()
            .lines()
            .filter(line -> line.startsWith("# TYPE morsel_"))
            .map(line -> line.split(" ", -1)[2])
            .toList();
    assertThat(names).hasSizeGreaterThan(10);
    assertThat(names).allSatisfy(name -> assertThat(document).contains("| `" + name + "` |"));
    for (FallbackReason reason : FallbackReason.values()) {
      assertThat(document).contains("`" + reason.label() + "`");
    }
  }

  @Test
  void healthAndMetricsAreServed() throws Exception {
    prepare("k", "");
    assertThat(get("/healthz")).isEqualTo("ok\n");
    assertThat(metrics())
        .contains("morsel_build_info{version=\"test\"} 1")
        .contains("morsel_mounted_layers 0.0")
        .contains("morsel_layer_present_bytes 0.0")
        .contains("jvm_")
        .contains("morsel_snapshots_call_duration_seconds_count{code=\"OK\",method=\"Prepare\"} 1");
  }

  @Test
  void hundredConcurrentPrepareCommitRemove() throws Exception {
    prepare("base-key", "");
    commit("base", "base-key");
    List<Future<?>> calls = new ArrayList<>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        String n = String.valueOf(i);
        calls.add(
            executor.submit(
                () -> {
                  prepare("k" + n, "base");
                  commit("n" + n, "k" + n);
                  remove("n" + n);
                }));
      }
    }
    for (Future<?> call : calls) {
      call.get();
    }
    snapshots.cleanup(CleanupRequest.getDefaultInstance());
    assertThat(list()).extracting(Info::getName).containsExactly("base");
    assertThat(list(directory.resolve("root/snapshots"))).hasSize(1);
  }

  private static List<Path> list(Path path) throws IOException {
    try (var entries = Files.list(path)) {
      return entries.toList();
    }
  }

  private static String option(Mount mount, String prefix) {
    return mount.getOptionsList().stream()
        .filter(option -> option.startsWith(prefix))
        .findFirst()
        .orElseThrow()
        .substring(prefix.length());
  }

  private static long duBytes(Path path) throws Exception {
    String output = run("du", "-s", "-B1", path.toString());
    return Long.parseLong(output.substring(0, output.indexOf('\t')));
  }

  private static void fails(Status.Code code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(e.getStatus().getCode()).isEqualTo(code));
  }
}
