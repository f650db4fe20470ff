package io.morsel.shim;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles on the disk. */
final class BundleTest {
  @TempDir private Path directory;

  private Bundle create(String id) throws ShimException {
    return Bundle.create(
        directory.resolve("state"), directory.resolve("root"), "ns", id, "{}".getBytes(UTF_8));
  }

  @Test
  void layoutIsContainerds() throws Exception {
    Bundle bundle = create("a");
    Path path = directory.resolve("state/ns/a");
    assertThat(bundle.path()).isEqualTo(path);
    assertThat(Files.getPosixFilePermissions(path))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(path.resolve("config.json")).hasContent("{}");
    assertThat(path.resolve("rootfs")).isEmptyDirectory();
    assertThat(path.resolve("work").toRealPath()).isEqualTo(directory.resolve("root/ns/a"));
    assertThatThrownBy(() -> create("a")).hasMessageContaining("exists already");
  }

  @Test
  void whatIsRememberedIsFound() throws Exception {
    Bundle bundle = create("a");
    assertThat(bundle.binary()).isNull();
    assertThatThrownBy(bundle::bootstrap).hasMessageContaining("does not say");
    // What a shim of 1.6 writes itself.
    Files.writeString(bundle.path().resolve("address"), "unix:///old");
    assertThat(bundle.bootstrap().address()).isEqualTo("unix:///old");
    bundle.rememberBinary(Path.of("/bin/shim"));
    ShimAddress address = new ShimAddress(3, ShimAddress.Protocol.TTRPC, "unix:///new");
    bundle.rememberAddress(address);
    assertThat(bundle.bootstrap()).isEqualTo(address);
    assertThat(bundle.binary()).isEqualTo(Path.of("/bin/shim"));
  }

  @Test
  void removingLeavesNothingAndFollowsNoLinks() throws Exception {
    Bundle bundle = create("a");
    Path outside = Files.createFile(Files.createDirectory(directory.resolve("o")).resolve("file"));
    Files.createSymbolicLink(bundle.path().resolve("link"), outside.getParent());
    Bundle other = create("b");
    assertThat(Bundle.list(directory.resolve("state"))).isEqualTo(List.of(bundle, other));
    bundle.remove();
    bundle.remove();
    assertThat(outside).exists();
    assertThat(directory.resolve("root/ns")).isDirectoryNotContaining("glob:**/*a");
    assertThat(Bundle.list(directory.resolve("state"))).isEqualTo(List.of(other));
    assertThat(create("a")).isEqualTo(bundle);
    assertThat(Bundle.list(directory.resolve("nothing"))).isEmpty();
  }

  @Test
  void aRemovalThatWasCutShortIsFinished() throws Exception {
    Bundle bundle = create("a");
    Path hidden = bundle.path().resolveSibling(".b");
    Files.createDirectories(hidden.resolve("some"));
    Bundle.finishRemovals(directory.resolve("state"));
    assertThat(hidden).doesNotExist();
    assertThat(bundle.path()).exists();
    Bundle.finishRemovals(directory.resolve("nothing"));
  }

  @Test
  void aWorkLinkToElsewhereIsNotFollowed() throws Exception {
    Bundle bundle = create("a");
    Path precious = Files.createDirectory(directory.resolve("precious"));
    Files.delete(bundle.path().resolve("work"));
    Files.createSymbolicLink(bundle.path().resolve("work"), precious);
    bundle.remove();
    assertThat(precious).exists();
  }

  @Test
  void aRootFilesystemThatIsStillThereIsNotDeleted() throws Exception {
    Bundle bundle = create("a");
    Path file = Files.createFile(bundle.rootfs().resolve("file"));
    assertThatThrownBy(bundle::remove).isInstanceOf(ShimException.class);
    assertThat(file).exists();
  }

  @Test
  void namesStayBelowTheirDirectory() {
    for (String name : new String[] {"", "..", ".hidden", "a/b", "../a"}) {
      assertThatThrownBy(() -> Bundle.of(directory, "ns", name))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void mountsAreFoundByTheirPath() {
    String mountinfo =
        """
        21 1 0:20 / / rw - ext4 /dev/vda rw
        30 21 0:30 / /run/b rw - overlay overlay rw
        31 30 0:31 / /run/b/with\\040blank rw shared:1 - tmpfs tmpfs rw
        32 21 0:32 / /run/bc rw - tmpfs tmpfs rw
        """;
    assertThat(Mounts.at(Path.of("/run/b"), mountinfo))
        .isEqualTo(List.of(Path.of("/run/b"), Path.of("/run/b/with blank")));
  }
}
