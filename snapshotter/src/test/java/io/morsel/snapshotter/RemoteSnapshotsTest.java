package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.snapshots.CleanupRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.Kind;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.snapshots.UsageRequest;
import io.morsel.containerd.api.snapshots.ViewSnapshotRequest;
import io.morsel.containerd.api.types.Mount;
import io.morsel.fuse.Mountinfo;
import io.morsel.registry.Descriptor;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers of a registry, prepared as containerd and its clients do it, mounted and read. */
final class RemoteSnapshotsTest {
  @TempDir Path directory;

  private TestRegistry registry;
  private Daemon daemon;
  private UnixChannel channel;
  private SnapshotsGrpc.SnapshotsBlockingStub snapshots;
  private final List<Path> mountPoints = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("mounting needs root")
        .isEqualTo(0);
    assumeThat(Path.of("/dev/fuse")).exists();
    registry = new TestRegistry();
    startDaemon("root");
  }

  private void startDaemon(String root) throws IOException {
    daemon =
        Daemon.start(
            MorselConfig.defaults()
                .with(ConfigKeys.ROOT, directory.resolve(root))
                .with(ConfigKeys.ADDRESS, directory.resolve("m.sock"))
                .with(ConfigKeys.METRICS_ADDRESS, "127.0.0.1:0")
                .with(ConfigKeys.FETCH_BACKGROUND_FILL, false)
                .with(ConfigKeys.WARM_UP, false)
                .with(ConfigKeys.REGISTRY_RETRIES, 0L),
            "test");
    channel = UnixChannel.open(daemon.address());
    snapshots = SnapshotsGrpc.newBlockingStub(channel.channel());
  }

  private void stopDaemon() {
    channel.close();
    daemon.close();
  }

  @AfterEach
  void stop() throws Exception {
    for (Path mountPoint : mountPoints.reversed()) {
      var _ = run("umount", "-l", mountPoint.toString());
    }
    stopDaemon();
    registry.close();
    assertThat(Mountinfo.under(directory)).isEmpty();
  }

  @Test
  void layersOfBothLabelFamiliesAreMountedAndRead() throws Exception {
    Descriptor base = lazy("base", "file", "from the base");
    Descriptor top = lazy("top", "other", "from the top");
    String manifest = registry.addImage("1", List.of(base, top));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, base));
    prepareRemote("k2", "sha256:c1", "sha256:c2", stargz(top));

    List<Info> committed = list("kind==committed");
    assertThat(committed).extracting(Info::getName).containsExactly("sha256:c1", "sha256:c2");
    assertThat(committed).extracting(Info::getKind).containsOnly(Kind.COMMITTED);
    assertThat(committed)
        .allSatisfy(
            info ->
                assertThat(info.getLabelsMap())
                    .containsEntry(Labels.REMOTE, "remote snapshot")
                    .containsEntry(Labels.SNAPSHOT_REF, info.getName()));
    assertThat(list("labels.\"" + Labels.SNAPSHOT_REF + "\"==sha256:c2,parent==\"sha256:c1\""))
        .hasSize(1);
    assertThat(list()).hasSize(2);
    assertThat(usedBytes("sha256:c1")).isZero();
    assertThat(stat("sha256:c1"))
        .containsEntry(LazyLabels.PRESENT_BYTES, "0")
        .containsEntry(LazyLabels.CONTENT_BYTES, "13");
    assertThat(list("labels.\"" + LazyLabels.PRESENT_BYTES + "\"")).isEmpty();
    Path view = mount(view("v", "sha256:c2"));
    assertThat(view.resolve("file")).hasContent("from the base");
    assertThat(stat("sha256:c1")).containsEntry(LazyLabels.PRESENT_BYTES, "13");
    assertThat(usedBytes("sha256:c1")).isEqualTo(13);
    assertThat(view.resolve("other")).hasContent("from the top");
    Path active = mount(prepare("a", "sha256:c2", Map.of()));
    Files.writeString(active.resolve("file"), "changed");
    assertThat(active.resolve("file")).hasContent("changed");
    assertThat(mount(view("v1", "sha256:c1")).resolve("file")).hasContent("from the base");
    assertThat(metrics()).contains("morsel_mounted_layers 2.0");
  }

  private long usedBytes(String key) {
    return snapshots.usage(UsageRequest.newBuilder().setKey(key).build()).getSize();
  }

  private Map<String, String> stat(String key) {
    return snapshots
        .stat(StatSnapshotRequest.newBuilder().setKey(key).build())
        .getInfo()
        .getLabelsMap();
  }

  @Test
  void otherLayersOfTheImageAreResolvedAhead() throws Exception {
    Descriptor base = lazy("base", "file", "1");
    Descriptor top = lazy("top", "other", "2");
    String manifest = registry.addImage("1", List.of(base, top));
    Map<String, String> labels = cri(manifest, base);
    labels.put(Labels.CRI_IMAGE_LAYERS, base.digest() + "," + top.digest());
    prepareRemote("k1", "", "sha256:c1", labels);
    await(() -> registry.requests().contains("blobs/" + top.digest()));
    await(() -> Files.exists(layerDirectory(top)));
    long before = registry.requests().stream().filter(r -> r.startsWith("manifests/")).count();
    prepareRemote("k2", "sha256:c1", "sha256:c2", cri(manifest, top));
    assertThat(registry.requests().stream().filter(r -> r.startsWith("manifests/")).count())
        .isEqualTo(before)
        .isEqualTo(1);
  }

  @Test
  void ordinaryLayerIsPreparedForUnpackingAndLazyOneStacksOnIt() throws Exception {
    Descriptor plain = registry.addLayer(tar("plain", "file", "1"), "");
    Descriptor top = lazy("top", "other", "2");
    String manifest = registry.addImage("1", List.of(plain, top));
    Map<String, String> labels = cri(manifest, plain);
    labels.put(Labels.SNAPSHOT_REF, "sha256:c1");
    Path upper = mount(prepare("k1", "", labels));
    Files.writeString(upper.resolve("file"), "unpacked");
    var _ =
        snapshots.commit(
            io.morsel.containerd.api.snapshots.CommitSnapshotRequest.newBuilder()
                .setName("ns/1/sha256:c1")
                .setKey("k1")
                .build());
    prepareRemote("k2", "ns/1/sha256:c1", "sha256:c2", cri(manifest, top));
    Path view = mount(view("v", "sha256:c2"));
    assertThat(view.resolve("file")).hasContent("unpacked");
    assertThat(view.resolve("other")).hasContent("2");
    assertThat(metrics())
        .contains("morsel_snapshotter_fallback_total{reason=\"no_toc_digest\"} 1.0");
  }

  @Test
  void reasonsForUnpackingAreCounted() throws Exception {
    Descriptor layer = lazy("layer", "file", "1");
    String manifest = registry.addImage("1", List.of(layer));
    String zeros = "sha256:" + "0".repeat(64);
    Map<String, String> wrongToc = cri(manifest, layer);
    wrongToc.put(Labels.TOC_DIGEST, zeros);
    Map<String, String> wrongLayer = cri(manifest, layer);
    wrongLayer.put(Labels.CRI_LAYER_DIGEST, zeros);
    Map<String, String> noManifest = cri(zeros, layer);
    Map<String, String> unreachable = cri(manifest, layer);
    unreachable.put(Labels.CRI_IMAGE_REF, "127.0.0.1:1/x:1");
    Map<String, Map<String, String>> cases = new LinkedHashMap<>();
    cases.put("not_in_manifest", wrongLayer);
    // After the layer was resolved ahead for the call before, with the right TOC.
    cases.put("toc_digest_mismatch", wrongToc);
    cases.put("not_found", noManifest);
    cases.put("registry", unreachable);
    for (var each : cases.entrySet()) {
      each.getValue().put(Labels.SNAPSHOT_REF, "sha256:" + each.getKey());
      assertThat(prepare(each.getKey(), "", each.getValue())).hasSize(1);
      assertThat(metrics())
          .contains("morsel_snapshotter_fallback_total{reason=\"" + each.getKey() + "\"} 1.0");
    }
    assertThat(list()).extracting(Info::getKind).containsOnly(Kind.ACTIVE);
  }

  @Test
  void sameChainOfDifferentContentIsNotShared() throws Exception {
    Descriptor good = lazy("good", "file", "good");
    Descriptor evil = lazy("evil", "file", "evil");
    String evilManifest = registry.addImage("evil", List.of(evil));
    String goodManifest = registry.addImage("1", List.of(good));
    prepareRemote("k1", "", "sha256:c1", cri(evilManifest, evil));
    Map<String, String> labels = cri(goodManifest, good);
    labels.put(Labels.SNAPSHOT_REF, "sha256:c1");
    assertThat(prepare("k2", "", labels)).hasSize(1);
    assertThat(metrics()).contains("morsel_snapshotter_fallback_total{reason=\"conflict\"} 1.0");
  }

  @Test
  void sameLayerOnAnotherParentIsMountedBeside() throws Exception {
    Descriptor layer = lazy("layer", "file", "1");
    String manifest = registry.addImage("1", List.of(layer));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, layer));
    Path upper = mount(prepare("k", "", Map.of()));
    Files.writeString(upper.resolve("below"), "b");
    var _ =
        snapshots.commit(
            io.morsel.containerd.api.snapshots.CommitSnapshotRequest.newBuilder()
                .setName("below")
                .setKey("k")
                .build());
    prepareRemote("k2", "below", "sha256:c1", cri(manifest, layer));
    List<Info> found = list("labels.\"" + Labels.SNAPSHOT_REF + "\"==sha256:c1,parent==below");
    assertThat(found).hasSize(1);
    Path view = mount(view("v", found.getFirst().getName()));
    assertThat(view.resolve("below")).hasContent("b");
    assertThat(view.resolve("file")).hasContent("1");
  }

  @Test
  void sameChainPreparedByManyAtOnceIsCommittedOnce() throws Exception {
    Descriptor layer = lazy("layer", "file", "1");
    String manifest = registry.addImage("1", List.of(layer));
    List<Future<?>> calls = new ArrayList<>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 30; i++) {
        String key = "k" + i;
        calls.add(executor.submit(() -> prepareRemote(key, "", "sha256:c1", cri(manifest, layer))));
      }
    }
    for (Future<?> call : calls) {
      call.get();
    }
    assertThat(list()).extracting(Info::getName).containsExactly("sha256:c1");
    assertThat(Mountinfo.under(directory)).hasSize(1);
  }

  @Test
  void restartMountsAgainWithoutTheRegistry() throws Exception {
    Descriptor layer = lazy("layer", "file", "fetched before");
    String manifest = registry.addImage("1", List.of(layer));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, layer));
    Path view = mount(view("v", "sha256:c1"));
    assertThat(view.resolve("file")).hasContent("fetched before");
    var _ = run("umount", "-l", mountPoints.removeLast().toString());
    List<Info> before = list();
    stopDaemon();
    assertThat(Mountinfo.under(directory)).isEmpty();
    registry.close();
    startDaemon("root");
    assertThat(list()).isEqualTo(before);
    assertThat(mount(mounts("v")).resolve("file")).hasContent("fetched before");
    assertThat(metrics())
        .contains("morsel_mounted_layers 1.0")
        .contains("morsel_restore_failures_total 0.0");
  }

  /** As containerd unpacks a layer that names a file, but not the directories above it. */
  @Test
  void directoriesThatALayerLeavesOutAreAsInTheLayersBelow() throws Exception {
    Path tree = oddTree();
    Descriptor base = lazy(tarOf(tree, "base", "."));
    Descriptor middle = lazy(tarOf(tree, "middle", "other"));
    Files.writeString(tree.resolve("odd/private/new"), "new");
    Descriptor top = lazy(tarOf(tree, "top", "odd/private/new"));
    String manifest = registry.addImage("1", List.of(base, middle, top));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, base));
    prepareRemote("k2", "sha256:c1", "sha256:c2", cri(manifest, middle));
    prepareRemote("k3", "sha256:c2", "sha256:c3", cri(manifest, top));
    assertShowsOddTree(mount(view("v", "sha256:c3")));
    Path active = mount(prepare("a", "sha256:c3", Map.of()));
    assertThat(attributes(active)).as("owner of what is writable").startsWith("40755 7:8 ");

    for (Path mountPoint : mountPoints.reversed()) {
      var _ = run("umount", "-l", mountPoint.toString());
    }
    mountPoints.clear();
    stopDaemon();
    registry.close();
    startDaemon("root");
    assertThat(metrics())
        .contains("morsel_mounted_layers 3.0")
        .contains("morsel_restore_failures_total 0.0");
    assertShowsOddTree(mount(mounts("v")));
  }

  @Test
  void directoriesThatALayerLeavesOutAreAsInAnUnpackedLayerBelow() throws Exception {
    Path tree = oddTree();
    Path upper = mount(prepare("k", "", Map.of()));
    var _ = run("cp", "-a", tree + "/.", upper.toString());
    var _ =
        snapshots.commit(
            io.morsel.containerd.api.snapshots.CommitSnapshotRequest.newBuilder()
                .setName("below")
                .setKey("k")
                .build());
    Files.writeString(tree.resolve("odd/private/new"), "new");
    Descriptor top = lazy(tarOf(tree, "top", "odd/private/new"));
    String manifest = registry.addImage("1", List.of(top));
    prepareRemote("k2", "below", "sha256:c1", cri(manifest, top));
    assertShowsOddTree(mount(view("v", "sha256:c1")));
    // The same layer on nothing.
    prepareRemote("k3", "", "sha256:c1", cri(manifest, top));
    String alone =
        list("labels.\"" + Labels.SNAPSHOT_REF + "\"==sha256:c1,parent==\"\"").getFirst().getName();
    Path view = mount(view("v1", alone));
    assertThat(attributes(view.resolve("odd/private"))).isEqualTo("40755 0:0 0.000000000");
    assertThat(view.resolve("odd/private/new")).hasContent("new");
  }

  @Test
  void layerIsMountedAgainOnlyOnWhatItIsShownBy() throws Exception {
    Path tree = oddTree();
    Descriptor base = lazy(tarOf(tree, "base", "."));
    Descriptor top = lazy(tarOf(tree, "top", "other"));
    String manifest = registry.addImage("1", List.of(base, top));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, base));
    prepareRemote("k2", "sha256:c1", "sha256:c2", cri(manifest, top));
    stopDaemon();
    Path lost = layerDirectory(base);
    Path aside = directory.resolve("aside");
    Files.move(lost, aside);
    startDaemon("root");
    assertThat(metrics())
        .contains("morsel_mounted_layers 0.0")
        .contains("morsel_restore_failures_total 2.0");
    Files.move(aside, lost);
    Path view = mount(view("v", "sha256:c2"));
    assertThat(attributes(view)).isEqualTo("41755 7:8 1000000001.000000000");
  }

  /** A directory whose attributes no unpacker would come up with. */
  private Path oddTree() throws Exception {
    Path tree = Files.createDirectories(directory.resolve("odd-tree"));
    Files.createDirectories(tree.resolve("odd/private"));
    Files.writeString(tree.resolve("other"), "other");
    var _ = run("chown", "5:6", tree.resolve("odd/private").toString());
    var _ = run("chmod", "0700", tree.resolve("odd/private").toString());
    var _ = run("chmod", "2711", tree.resolve("odd").toString());
    var _ = run("chown", "7:8", tree.toString());
    var _ = run("chmod", "1755", tree.toString());
    var _ = run("touch", "-d", "@1000000003", tree.resolve("odd/private").toString());
    var _ = run("touch", "-d", "@1000000002", tree.resolve("odd").toString());
    var _ = run("touch", "-d", "@1000000001", tree.toString());
    return tree;
  }

  private static void assertShowsOddTree(Path view) throws Exception {
    assertThat(attributes(view)).isEqualTo("41755 7:8 1000000001.000000000");
    assertThat(attributes(view.resolve("odd"))).isEqualTo("42711 0:0 1000000002.000000000");
    assertThat(attributes(view.resolve("odd/private"))).isEqualTo("40700 5:6 1000000003.000000000");
    assertThat(view.resolve("odd/private/new")).hasContent("new");
    assertThat(view.resolve("other")).hasContent("other");
  }

  /** Mode, owner and time as {@code stat} shows them. */
  private static String attributes(Path path) throws Exception {
    String mode = Integer.toOctalString((int) Files.getAttribute(path, "unix:mode"));
    return mode + run("stat", "-c", " %u:%g %.9Y", path.toString()).stripTrailing();
  }

  /** A tar of these paths, without the directories above them. */
  private byte[] tarOf(Path tree, String name, String path) throws Exception {
    Path tar = directory.resolve(name + ".tar");
    var _ = run("tar", "-C", tree.toString(), "--numeric-owner", "-cf", tar.toString(), path);
    return Files.readAllBytes(tar);
  }

  @Test
  void layerThatCannotBeMountedAgainDoesNotKeepTheDaemonFromStarting() throws Exception {
    Descriptor lost = lazy("lost", "file", "1");
    Descriptor kept = lazy("kept", "file", "2");
    String manifest = registry.addImage("1", List.of(lost, kept));
    prepareRemote("k1", "", "sha256:lost", cri(manifest, lost));
    prepareRemote("k2", "", "sha256:kept", cri(manifest, kept));
    stopDaemon();
    SnapshotDirectories.deleteTree(layerDirectory(lost));
    startDaemon("root");
    assertThat(metrics())
        .contains("morsel_mounted_layers 1.0")
        .contains("morsel_restore_failures_total 1.0");
    assertThat(view("v", "sha256:kept")).hasSize(1);
    assertThatThrownBy(() -> prepare("x", "sha256:lost", Map.of()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .hasMessageContaining(lost.digest().toString());
    assertThat(list("name==x")).isEmpty();
  }

  @Test
  void mountThatSomebodyTookAwayIsMadeAgain() throws Exception {
    Descriptor layer = lazy("layer", "file", "1");
    String manifest = registry.addImage("1", List.of(layer));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, layer));
    Path mountPoint = Mountinfo.under(directory).getFirst().mountPoint();
    var _ = run("umount", "-l", mountPoint.toString());
    assertThat(mount(view("v", "sha256:c1")).resolve("file")).hasContent("1");
  }

  @Test
  void removedLayerLeavesNothingAndIsServedWhileInUse() throws Exception {
    Descriptor layer = lazy("layer", "file", "still there");
    String manifest = registry.addImage("1", List.of(layer));
    prepareRemote("k1", "", "sha256:c1", cri(manifest, layer));
    Path view = mount(view("v", "sha256:c1"));
    remove("v");
    remove("sha256:c1");
    var _ = snapshots.cleanup(CleanupRequest.getDefaultInstance());
    assertThat(directory.resolve("root/snapshots")).isEmptyDirectory();
    assertThat(view.resolve("file")).hasContent("still there");
    var _ = run("umount", "-l", mountPoints.removeLast().toString());
    assertThat(Mountinfo.under(directory)).isEmpty();
  }

  @Test
  void whatAStartReadIsThereBeforeTheNextOneOnAnotherRoot() throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree-many"));
    for (int i = 0; i < 20; i++) {
      byte[] noise = new byte[64 << 10];
      new Random(i).nextBytes(noise);
      Files.write(tree.resolve("file-" + i), noise);
    }
    Descriptor layer = lazy(tar("many", "empty", ""));
    String manifest = registry.addImage("1", List.of(layer));
    prepareRemote("k1", "", "sha256:c1", stargz(layer));
    Path first = mount(prepare("a", "sha256:c1", Map.of()));
    assertThat(first.resolve("file-17")).hasSameBinaryContentAs(tree.resolve("file-17"));
    assertThat(first.resolve("file-3")).hasSameBinaryContentAs(tree.resolve("file-3"));
    var _ = run("umount", "-l", mountPoints.removeLast().toString());
    stopDaemon();
    String name = "profiles/" + manifest.replace(':', '-') + ".json";
    Path learned = directory.resolve("root").resolve(name);
    assertThat(learned).exists();
    Path other = directory.resolve("other").resolve(name);
    Files.createDirectories(Path.of(String.valueOf(other.getParent())));
    Files.copy(learned, other);

    startDaemon("other");
    prepareRemote("k1", "", "sha256:c1", cri(manifest, layer));
    await(() -> metricsUnchecked().contains("morsel_layer_present_bytes 131072.0"));
    int before = registry.requests().size();
    Path second = mount(prepare("a", "sha256:c1", Map.of()));
    assertThat(second.resolve("file-3")).hasSameBinaryContentAs(tree.resolve("file-3"));
    assertThat(registry.requests()).hasSize(before);
    assertThat(metrics())
        .contains("morsel_profile_lookups_total{result=\"node\"} 1.0")
        .contains("morsel_profile_replayed_chunks_total 32.0")
        .contains("morsel_profile_replayed_bytes_total 131072.0")
        .contains("morsel_profile_used_bytes_total 65536.0");
  }

  private String metricsUnchecked() {
    try {
      return metrics();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Path layerDirectory(Descriptor layer) {
    return directory.resolve("root/layers/sha256").resolve(layer.digest().hex());
  }

  /** Prepares as the unpacker does, and expects that nothing is to be unpacked. */
  private void prepareRemote(String key, String parent, String target, Map<String, String> labels) {
    Map<String, String> all = new HashMap<>(labels);
    all.put(Labels.SNAPSHOT_REF, target);
    assertThatThrownBy(() -> prepare(key, parent, all))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS));
  }

  private Map<String, String> cri(String manifest, Descriptor layer) {
    Map<String, String> labels = new HashMap<>(layer.annotations());
    labels.put(Labels.CRI_IMAGE_REF, registry.reference("image:1"));
    labels.put(Labels.CRI_MANIFEST_DIGEST, manifest);
    labels.put(Labels.CRI_LAYER_DIGEST, layer.digest().toString());
    labels.put(Labels.CRI_IMAGE_LAYERS, layer.digest().toString());
    return labels;
  }

  private Map<String, String> stargz(Descriptor layer) {
    Map<String, String> labels = new HashMap<>(layer.annotations());
    labels.put(Labels.STARGZ_REFERENCE, registry.reference("image:1"));
    labels.put(Labels.STARGZ_DIGEST, layer.digest().toString());
    return labels;
  }

  private byte[] tar(String name, String file, String content) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree-" + name));
    Files.writeString(tree.resolve(file), content);
    Path tar = directory.resolve(name + ".tar");
    var _ = run("tar", "-C", tree.toString(), "-cf", tar.toString(), ".");
    return Files.readAllBytes(tar);
  }

  private Descriptor lazy(String name, String file, String content) throws Exception {
    return lazy(tar(name, file, content));
  }

  private Descriptor lazy(byte[] tar) throws Exception {
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    EstargzLayer layer;
    try (var compressors = Executors.newFixedThreadPool(1)) {
      EstargzOptions options =
          new EstargzOptions(LayerFormat.ESTARGZ, 4096, 0, 1, List.of(), LayerLimits.DEFAULT);
      layer =
          new EstargzWriter(options, compressors, directory)
              .write(new java.io.ByteArrayInputStream(tar), blob, (done, total) -> {});
    }
    return registry.addLayer(blob.toByteArray(), layer.tocDigest());
  }

  private List<Mount> prepare(String key, String parent, Map<String, String> labels) {
    return snapshots
        .prepare(
            PrepareSnapshotRequest.newBuilder()
                .setKey(key)
                .setParent(parent)
                .putAllLabels(labels)
                .build())
        .getMountsList();
  }

  private List<Mount> view(String key, String parent) {
    return snapshots
        .view(ViewSnapshotRequest.newBuilder().setKey(key).setParent(parent).build())
        .getMountsList();
  }

  private List<Mount> mounts(String key) {
    return snapshots.mounts(MountsRequest.newBuilder().setKey(key).build()).getMountsList();
  }

  private void remove(String key) {
    var _ = snapshots.remove(RemoveSnapshotRequest.newBuilder().setKey(key).build());
  }

  private List<Info> list(String... filters) {
    List<Info> infos = new ArrayList<>();
    snapshots
        .list(ListSnapshotsRequest.newBuilder().addAllFilters(List.of(filters)).build())
        .forEachRemaining(batch -> infos.addAll(batch.getInfoList()));
    return infos;
  }

  private Path mount(List<Mount> mounts) throws Exception {
    Mount mount = mounts.getFirst();
    Path target = Files.createTempDirectory(directory, "mnt");
    if (mount.getType().equals("bind")) {
      var _ = run("mount", "--rbind", mount.getSource(), target.toString());
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

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), output).isZero();
    return output;
  }

  private static void await(java.util.function.BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  private String metrics() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uri =
          URI.create(
              "http://127.0.0.1:" + daemon.metricsAddress().orElseThrow().getPort() + "/metrics");
      return client
          .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
