package io.morsel.runtime.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads snapshots whose content nobody can be sure of. */
final class SnapshotFilesTest {
  private static final List<String> PASSWD = List.of("etc/passwd");

  @TempDir Path directory;

  @BeforeEach
  void asRoot() throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "mounting is for root only");
  }

  private Path layer(String name) throws IOException {
    Path layer = directory.resolve(name);
    var _ = Files.createDirectories(layer.resolve("etc"));
    return layer;
  }

  private static String text(Map<String, byte[]> files) {
    return new String(files.getOrDefault("etc/passwd", new byte[0]), UTF_8);
  }

  private static List<MountEntry> bind(Path layer) {
    return List.of(new MountEntry("bind", layer.toString(), List.of("rbind", "rw")));
  }

  private static void assertNothingIsMounted() throws IOException {
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain("morsel-rootfs-");
  }

  @Test
  void theUpperLayerHidesTheLower() throws Exception {
    Path lower = layer("lower");
    Path upper = layer("upper");
    Files.writeString(lower.resolve("etc/passwd"), "lower");
    Files.writeString(lower.resolve("etc/group"), "group");
    Files.writeString(upper.resolve("etc/passwd"), "upper");
    MountEntry mount =
        new MountEntry(
            "overlay",
            "overlay",
            List.of("workdir=/nowhere", "upperdir=" + upper, "lowerdir=" + lower));
    Map<String, byte[]> files =
        SnapshotFiles.read(List.of(mount), List.of("etc/passwd", "etc/group", "etc/shadow"));
    assertThat(files).containsOnlyKeys("etc/passwd", "etc/group");
    assertThat(text(files)).isEqualTo("upper");
    assertNothingIsMounted();
  }

  @Test
  void moreLayersThanAPageHasRoomFor() throws Exception {
    List<String> lowers = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      lowers.add(layer("a-directory-with-a-name-that-is-not-too-short-" + i).toString());
    }
    Files.writeString(Path.of(lowers.getLast()).resolve("etc/passwd"), "lowest");
    MountEntry mount =
        new MountEntry("overlay", "overlay", List.of("lowerdir=" + String.join(":", lowers)));
    assertThat(mount.options().getFirst().length()).isGreaterThan(4096);
    assertThat(text(SnapshotFiles.read(List.of(mount), PASSWD))).isEqualTo("lowest");
  }

  @Test
  void linksLeadNowhereElse() throws Exception {
    Path outside = Files.writeString(directory.resolve("secret"), "secret");
    Path layer = layer("layer");
    Path passwd = layer.resolve("etc/passwd");
    Files.createSymbolicLink(passwd, outside);
    assertThat(SnapshotFiles.read(bind(layer), PASSWD)).isEmpty();
    Files.delete(passwd);
    Files.createSymbolicLink(passwd, Path.of("../../secret"));
    assertThat(SnapshotFiles.read(bind(layer), PASSWD)).isEmpty();
    Files.delete(passwd);
    Files.createSymbolicLink(passwd, Path.of("/usr/share/passwd"));
    Files.createDirectories(layer.resolve("usr/share"));
    Files.writeString(layer.resolve("usr/share/passwd"), "within");
    assertThat(text(SnapshotFiles.read(bind(layer), PASSWD))).isEqualTo("within");
  }

  @Test
  void fifosAreNotWaitedForAndHugeFilesRefused() throws Exception {
    Path layer = layer("layer");
    Path passwd = layer.resolve("etc/passwd");
    assertThat(new ProcessBuilder("mkfifo", passwd.toString()).start().waitFor()).isZero();
    assertThat(text(SnapshotFiles.read(bind(layer), PASSWD))).isEmpty();
    Files.delete(passwd);
    try (RandomAccessFile huge = new RandomAccessFile(passwd.toFile(), "rw")) {
      huge.setLength(SnapshotFiles.MAX_FILE_BYTES + 1L);
    }
    assertThatThrownBy(() -> SnapshotFiles.read(bind(layer), PASSWD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("etc/passwd is larger than");
    assertNothingIsMounted();
  }

  @Test
  void whatCantBeMountedIsSaid() {
    assertThatThrownBy(() -> SnapshotFiles.read(bind(directory.resolve("nowhere")), PASSWD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("can't mount");
  }

  /** Whoever reads what lies in the layers is told what overlayfs shows of them. */
  @Test
  void layersAreReadAsOverlayfsShowsThem() throws Exception {
    Path lowest = layer("lowest");
    Path lower = layer("lower");
    Path upper = directory.resolve("upper");
    Files.createDirectories(upper);
    Files.writeString(lowest.resolve("etc/passwd"), "lowest");
    MountEntry mount =
        new MountEntry(
            "overlay",
            "overlay",
            List.of("workdir=/w", "upperdir=" + upper, "lowerdir=" + lower + ":" + lowest));
    // 'lower' has etc without the file: it might hide what is below.
    assertThat(LayerFiles.read(List.of(mount), PASSWD)).isEmpty();
    assertSameAsMounted(mount, "lowest");
    setOpaque(lower.resolve("etc"));
    assertSameAsMounted(mount, "");

    Path passwd = lower.resolve("etc/passwd");
    Files.writeString(passwd, "lower");
    assertThat(LayerFiles.read(List.of(mount), PASSWD)).isPresent();
    assertSameAsMounted(mount, "lower");
    Files.delete(passwd);

    whiteOut(passwd);
    assertThat(LayerFiles.read(List.of(mount), PASSWD)).isEmpty();
    assertSameAsMounted(mount, "");
    Files.delete(passwd);

    Files.createSymbolicLink(passwd, Path.of("/etc/passwd.real"));
    Files.writeString(lower.resolve("etc/passwd.real"), "linked");
    assertThat(LayerFiles.read(List.of(mount), PASSWD)).isEmpty();
    assertSameAsMounted(mount, "linked");
    Files.delete(passwd);

    // What is kept in a layer below may look like this.
    Files.write(passwd, new byte[10]);
    assertThat(LayerFiles.read(List.of(mount), PASSWD)).isEmpty();
  }

  @Test
  void layersThatHaveNothingAreKnownToHaveNothing() throws Exception {
    Path layer = Files.createDirectories(directory.resolve("empty"));
    assertThat(LayerFiles.read(bind(layer), PASSWD))
        .hasValueSatisfying(files -> assertThat(files).isEmpty());
    assertThat(LayerFiles.read(List.of(), PASSWD)).isEmpty();
    assertThat(LayerFiles.read(List.of(new MountEntry("erofs", "/x", List.of())), PASSWD))
        .isEmpty();
    Files.createSymbolicLink(layer.resolve("etc"), Path.of("/usr/../elsewhere"));
    assertThat(LayerFiles.read(bind(layer), PASSWD)).isEmpty();
    assertThat(SnapshotFiles.readServed(bind(layer), PASSWD)).isEmpty();
  }

  private static void assertSameAsMounted(MountEntry mount, String content) throws Exception {
    assertThat(text(SnapshotFiles.read(List.of(mount), PASSWD))).isEqualTo(content);
    assertThat(text(SnapshotFiles.readServed(List.of(mount), PASSWD))).isEqualTo(content);
  }

  private static void setOpaque(Path path) throws Exception {
    run("setfattr", "-n", "trusted.overlay.opaque", "-v", "y", path.toString());
  }

  private static void whiteOut(Path path) throws Exception {
    run("mknod", path.toString(), "c", "0", "0");
  }

  private static void run(String... words) throws Exception {
    assertThat(new ProcessBuilder(words).start().waitFor()).isZero();
  }
}
