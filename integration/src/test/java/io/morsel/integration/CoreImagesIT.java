package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.json.JsonMapper;

/**
 * What Debian's ctr does with an image that is there, against a Morsel core and against containerd.
 */
class CoreImagesIT extends CtrTests {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final String NOTHING =
      "sha256:0000000000000000000000000000000000000000000000000000000000000000";

  private static String image = "";

  @BeforeAll
  static void push() {
    image = FIXTURE.reference("small:1");
    new OciLayout(FIXTURE.work())
        .layer(tar -> tar.add(Entry.of('0', "file"), Images.noise(1, 100_000)))
        .layer(tar -> tar.add(Entry.of('0', "another"), Images.noise(2, 100_000)))
        .push(image);
  }

  /** The image, in both, with its layers unpacked. */
  private void pull() {
    succeeds("images", "pull", "--plain-http", image);
  }

  private String manifest() {
    return core.ctr("-n", "t", "images", "ls", "name==" + image)
        .succeed()
        .lines()
        .skip(1)
        .map(line -> line.split("\\s+", -1)[2])
        .findFirst()
        .orElseThrow();
  }

  private String config() {
    String manifest = core.ctr("-n", "t", "content", "get", manifest()).succeed();
    return JsonMapper.shared().readTree(manifest).at("/config/digest").asString();
  }

  @Test
  void imagesTravelAsArchives() throws IOException {
    pull();
    Path archive = directory.resolve(SIDE + ".tar");
    succeeds("images", "export", archive, image);
    List<String> sums =
        List.of(CONTAINERD, CORE).stream()
            .map(
                side ->
                    Command.of(
                            "sh",
                            "-c",
                            "tar --to-command='echo $TAR_FILENAME $(sha256sum)' -xf "
                                + archive.toString().replace(SIDE, side)
                                + " | sort")
                        .succeed())
            .toList();
    assertThat(sums.getLast()).isEqualTo(sums.getFirst()).contains("manifest.json", "oci-layout");
    fails("images", "export", directory.resolve(SIDE + "-none.tar"), "none");
    succeeds("images", "rm", "--sync", image);
    succeeds("content", "ls", "-q");
    succeeds("images", "import", archive);
    succeeds("images", "ls");
    succeeds("images", "check");
    succeeds("snapshots", "ls");
    succeeds("images", "import", "--base-name", "other.example/app", "--digests", archive);
    succeeds("images", "import", "--index-name", "other.example/index:1", "--no-unpack", archive);
    succeeds("images", "ls");
    succeeds("leases", "ls");
    Path text = Files.writeString(directory.resolve("text"), "no archive".repeat(100));
    fails("images", "import", text);
    fails("images", "import", directory.resolve("none"));
    succeeds("images", "ls", "-q");
  }

  @Test
  void imagesArePushedConvertedAndMounted() {
    pull();
    String copy = FIXTURE.reference("copy-" + SIDE + ":1");
    succeeds("images", "push", "--plain-http", copy, image);
    String digest = manifest();
    for (String side : List.of(CONTAINERD, CORE)) {
      assertThat(
              Command.of(
                      "skopeo",
                      "inspect",
                      "--tls-verify=false",
                      "docker://" + copy.replace(SIDE, side))
                  .succeed())
          .contains(digest);
    }
    fails("images", "push", "--plain-http", copy, "none");
    succeeds("images", "convert", "--uncompress", "--oci", image, "converted:1");
    fails("images", "convert", "none", "converted:2");
    succeeds("images", "ls");
    succeeds("content", "ls", "-q");
    fails("images", "mount", image, directory.resolve("none"));
    fails("images", "mount", "none", directory);
    same("images", "unmount", "none");
    succeeds("leases", "ls");
    succeeds("snapshots", "ls");
    succeeds("images", "label", "--replace-all", "converted:1", "a=b");
    succeeds("images", "tag", "--force", "converted:1", image);
    succeeds("images", "rm", "--sync", "converted:1", "none");
    succeeds("images", "ls");
    succeeds("images", "rm", "--sync", image);
    succeeds("content", "ls");
    succeeds("snapshots", "ls");
  }

  @Test
  void contentIsFetchedEditedAndPushed() {
    succeeds("content", "fetch", "--plain-http", "--metadata-only", image);
    succeeds("content", "ls", "-q");
    succeeds("content", "fetch", "--plain-http", image);
    String config = config();
    succeeds("content", "fetch-object", "--plain-http", image, config);
    same("content", "fetch-object", "--plain-http", image, NOTHING);
    String pushed = FIXTURE.reference("pushed-" + SIDE + ":1");
    succeeds("content", "push-object", "--plain-http", pushed, config, "application/json");
    fails("content", "push-object", "--plain-http", pushed, NOTHING, "application/json");
    // Nothing was changed, and so there is nothing new.
    fails("content", "edit", "--editor", "true", config);
    fails("content", "edit", "--editor", "true", NOTHING);
    succeeds("content", "label", config, "q=r", "containerd.io/distribution.source.localhost=");
    succeeds("content", "label", config, "q=");
    fails("content", "ls", "labels.q>>r");
    fails("content", "fetch", "--plain-http", image + "-none");
    succeeds("content", "active");
    succeeds("leases", "ls");
  }

  @Test
  void snapshotsOfAnImage() {
    pull();
    String top =
        core.ctr("-n", "t", "snapshots", "ls")
            .succeed()
            .lines()
            .skip(1)
            .map(line -> line.split("\\s+", -1))
            .filter(row -> row[1].startsWith("sha256:"))
            .map(row -> row[0])
            .findFirst()
            .orElseThrow();
    succeeds("snapshots", "tree");
    succeeds("snapshots", "usage", top);
    succeeds("snapshots", "usage", "-b", top);
    succeeds("snapshots", "info", top);
    // Without a lease, containerd collects them at any moment that it has garbage to look for.
    succeeds("snapshots", "prepare", "k", top);
    succeeds("snapshots", "label", "k", "containerd.io/gc.root=test");
    succeeds("snapshots", "prepare", "--target", "/target", "k2", top);
    succeeds("snapshots", "mounts", "/target", "k");
    succeeds("snapshots", "view", "v", top);
    succeeds("snapshots", "mounts", "/target", "v");
    fails("snapshots", "mounts", "/target", top);
    fails("snapshots", "rm", top);
    fails("snapshots", "diff", "none");
    fails("snapshots", "diff", top, "none");
    fails("snapshots", "diff", "--media-type", "application/x", top);
    succeeds("snapshots", "unpack", manifest());
    fails("snapshots", "unpack", NOTHING);
    // containerd says the same by what its database makes of it.
    for (List<String> words : List.of(List.of("prepare", ""), List.of("commit", "", "k"))) {
      assertThat(core.ctr("-n", "t", "snapshots", words).run().errors())
          .contains("must not be empty: invalid argument");
      assertThat(containerd.ctr("-n", "t", "snapshots", words).run().errors())
          .contains("name required");
    }
    succeeds("snapshots", "ls");
  }

  @Test
  void containersAreKept() {
    pull();
    succeeds("containers", "create", "--label", "x=y", "--env", "A=b", image, "c", "/file");
    fails("containers", "create", image, "c");
    fails("containers", "create", image, "not!good");
    fails("containers", "create", "none", "d");
    succeeds("containers", "info", "--spec", "c");
    succeeds("containers", "ls");
    succeeds("containers", "ls", "-q", "labels.x==y,runtime.name==io.containerd.runc.v2");
    succeeds("containers", "ls", "-q", "id==c", "image~=none");
    succeeds("containers", "ls", "-q", "image==none");
    succeeds("containers", "label", "c", "x=", "z=1");
    succeeds("snapshots", "ls");
    fails("tasks", "ps", "c");
    fails("tasks", "metrics", "c");
    fails("namespaces", "rm", "t");
    succeeds("containers", "rm", "--keep-snapshot", "c");
    fails("containers", "info", "c");
    succeeds("containers", "ls");
  }

  /** Which parts a core has is its own affair, but clients look for those that they know. */
  @Test
  void partsAreListedByContainerdsNames() {
    List<String> theirs = plugins(containerd.ctr("plugins", "ls").succeed());
    List<String> ours = plugins(core.ctr("plugins", "ls").succeed());
    assertThat(ours).contains("io.containerd.internal.v1/restart");
    List<String> missing = new ArrayList<>(theirs);
    missing.removeAll(ours);
    assertThat(missing).isNotEqualTo(theirs);
    assertThat(missing)
        .allMatch(
            name ->
                name.matches(
                    "io.containerd.(snapshotter.v1/(aufs|btrfs|devmapper|native|zfs)"
                        + "|runtime.v1/linux|monitor.v1/cgroups|internal.v1/.*|tracing.*)"));
    assertThat(core.ctr("version").succeed()).containsPattern("(?s)Server:\\s+Version: .*UUID: ");
  }

  private static List<String> plugins(String table) {
    return table
        .lines()
        .skip(1)
        .map(line -> line.split("\\s+", -1))
        .filter(row -> row.length > 1)
        .map(row -> row[0] + "/" + row[1])
        .toList();
  }
}
