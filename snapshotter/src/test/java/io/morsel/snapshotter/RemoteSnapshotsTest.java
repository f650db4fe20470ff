package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.api.snapshots.CleanupRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.Kind;
import io.morsel.fuse.Mountinfo;
import io.morsel.registry.Descriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Layers of a registry, prepared as containerd and its clients do it, mounted and read. */
final class RemoteSnapshotsTest extends RemoteLayerTests {
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
    assertThat(usage("sha256:c1").getSize()).isZero();
    assertThat(labels("sha256:c1"))
        .containsEntry(LazyLabels.PRESENT_BYTES, "0")
        .containsEntry(LazyLabels.CONTENT_BYTES, "13");
    assertThat(list("labels.\"" + LazyLabels.PRESENT_BYTES + "\"")).isEmpty();
    Path view = mount(view("v", "sha256:c2"));
    assertThat(view.resolve("file")).hasContent("from the base");
    assertThat(labels("sha256:c1")).containsEntry(LazyLabels.PRESENT_BYTES, "13");
    assertThat(usage("sha256:c1").getSize()).isEqualTo(13);
    assertThat(view.resolve("other")).hasContent("from the top");
    Path active = mount(prepare("a", "sha256:c2", Map.of()));
    Files.writeString(active.resolve("file"), "changed");
    assertThat(active.resolve("file")).hasContent("changed");
    assertThat(mount(view("v1", "sha256:c1")).resolve("file")).hasContent("from the base");
    assertThat(metrics()).contains("morsel_mounted_layers 2.0");
  }

  private Map<String, String> labels(String key) {
    return stat(key).getLabelsMap();
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
    commit("ns/1/sha256:c1", "k1");
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
    commit("below", "k");
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
    unmountAll();
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
    unmountAll();
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
    unmountAll();
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
}
