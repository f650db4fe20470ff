package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.registry.Descriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Directories that a layer leaves out are as in what it is shown on. */
final class ImpliedDirectoriesTest extends RemoteLayerTests {
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

    unmountAll();
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
    commit("below", "k");
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
}
