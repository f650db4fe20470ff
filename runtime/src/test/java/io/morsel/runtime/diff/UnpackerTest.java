package io.morsel.runtime.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.containerd.api.types.Mount;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.TarType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class UnpackerTest {
  @TempDir Path directory;
  private Path root;
  private Path outside;

  @BeforeAll
  static void asRoot() {
    assumeTrue(Trees.mayMakeEverything());
  }

  @BeforeEach
  void make() throws IOException {
    root = Files.createDirectory(directory.resolve("root"));
    outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "secret");
  }

  private void assertOutsideIsUntouched() throws IOException {
    try (var files = Files.list(directory)) {
      assertThat(files).contains(root, outside);
    }
    assertThat(outside).isDirectoryContaining("glob:**secret");
    try (var files = Files.list(outside)) {
      assertThat(files).hasSize(1);
    }
    assertThat(outside.resolve("secret")).hasContent("secret");
    assertThat(Files.getAttribute(outside.resolve("secret"), "unix:nlink")).isEqualTo(1);
  }

  @Test
  void pathsStayBelowTheRoot() throws IOException {
    new Tar()
        .file("../../up", "1")
        .file("/absolute", "2")
        .file("a/../../../b", "3")
        .symlink("out", "../outside")
        .file("out/in", "4")
        .symlink("abs", outside.toString())
        .file("abs/in", "5")
        .symlink("loop", "loop/../..")
        .symlink("chain", "out/../../outside")
        .file("chain/in", "6")
        .unpack(root);
    assertOutsideIsUntouched();
    assertThat(root.resolve("up")).hasContent("1");
    assertThat(root.resolve("absolute")).hasContent("2");
    assertThat(root.resolve("b")).hasContent("3");
    // As if the root were that of everything.
    assertThat(root.resolve("outside/in")).hasContent("6");
    assertThat(root.resolve(outside.toString().substring(1)).resolve("in")).hasContent("5");
  }

  @Test
  void hardLinksStayBelowTheRoot() throws IOException {
    for (String target :
        List.of("../outside/secret", outside + "/secret", "out/secret", "..", "/", "none")) {
      assertThatThrownBy(
              () -> new Tar().symlink("out", "../outside").hardLink("link", target).unpack(root))
          .as(target)
          .isInstanceOf(LayerFormatException.class)
          .hasMessage("hard link link to " + target + ", which is not there");
      assertOutsideIsUntouched();
    }
  }

  @Test
  void linksAreReplacedAndNotWrittenThrough() throws IOException {
    Files.createSymbolicLink(root.resolve("file"), outside.resolve("secret"));
    Files.createSymbolicLink(root.resolve("dir"), outside);
    new Tar().file("file", "new").directory("dir").file("dir/in", "in").unpack(root);
    assertOutsideIsUntouched();
    assertThat(root.resolve("file")).hasContent("new").isRegularFile();
    assertThat(Files.isDirectory(root.resolve("dir"), LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void whiteoutsReachNothingOutside() throws IOException {
    new Tar()
        .symlink("out", "../outside")
        .file("out/.wh.secret", "")
        .file("out/.wh..wh..opq", "")
        .file("../outside/.wh.secret", "")
        .unpack(root);
    assertOutsideIsUntouched();
    for (String name : List.of(".wh.", ".wh..", ".wh...")) {
      assertThatThrownBy(() -> new Tar().file("a/" + name, "").unpack(root))
          .isInstanceOf(LayerFormatException.class)
          .hasMessage("invalid whiteout name: " + name);
    }
    assertOutsideIsUntouched();
  }

  @ParameterizedTest
  @EnumSource(Unpacker.Style.class)
  void whiteoutsHideLowerLayersOnly(Unpacker.Style style) throws IOException {
    Path lower = Files.createDirectory(directory.resolve("lower"));
    new Tar()
        .file("gone", "")
        .file("dir/gone", "")
        .file("opaque/gone", "")
        .file("opaque/deep/gone", "")
        .file("both/gone", "")
        .file("anew/gone", "")
        .file("implied/gone", "")
        .file("file-then/gone", "")
        .unpack(lower);
    Tar layer =
        new Tar()
            .file(".wh.gone", "")
            .file(".wh.never-there", "")
            .file("dir/.wh.gone", "")
            .file("opaque/before", "")
            .file("opaque/.wh..wh..opq", "")
            .file("opaque/after", "")
            .file("both/stays", "")
            .file(".wh.both", "")
            .file(".wh.anew", "")
            .directory("anew")
            .file("anew/new", "")
            .file(".wh.implied", "")
            .file("implied/deep/new", "")
            .file("file-then", "a file first")
            .directory("file-then")
            .file("file-then/new", "");
    List<Mount> mounts;
    if (style == Unpacker.Style.REMOVING) {
      layer.unpack(lower);
      mounts =
          List.of(
              Mount.newBuilder()
                  .setType("bind")
                  .setSource(lower.toString())
                  .addOptions("rbind")
                  .build());
    } else {
      layer.unpackOver(root, lower);
      mounts =
          List.of(
              Mount.newBuilder()
                  .setType("overlay")
                  .setSource("overlay")
                  .addOptions("lowerdir=" + root + ":" + lower)
                  .build());
    }
    try (TemporaryMounts.Mounted merged =
            TemporaryMounts.open(directory.resolve("mounts")).mount(mounts);
        Trees trees = new Trees()) {
      assertThat(trees.list(merged.path()).keySet())
          .containsExactly(
              "anew",
              "anew/new",
              "both",
              "both/stays",
              "dir",
              "file-then",
              "file-then/new",
              "implied",
              "implied/deep",
              "implied/deep/new",
              "opaque",
              "opaque/after",
              "opaque/before");
    }
  }

  @Test
  void attributesAreAll() throws IOException {
    new Tar()
        .directory("dir", 03750)
        .file(
            "dir/" + "n".repeat(255),
            "x",
            04755,
            Map.of("user.a", "\0\u00ff", "trusted.not", "t", "security.capability", CAPABILITY))
        .hardLink("hard", "dir/" + "n".repeat(255))
        .add(TarType.FIFO, "fifo", "", 0600, 0, 5, Map.of("user.impossible", ""))
        .add(TarType.REGULAR, "before-1970", "", 0644, 0, -7, Map.of())
        .symlink("long", "x".repeat(3_000))
        .unpack(root);
    try (Trees trees = new Trees()) {
      var lines = trees.list(root);
      String names = " same as [dir/" + "n".repeat(255) + ", hard]";
      assertThat(lines)
          .containsEntry("dir", "43750 0:0 0.000000000 0:0 {} ")
          .containsEntry("fifo", "10600 0:0 5.000000000 0:0 {} ")
          .containsEntry("before-1970", "100644 0:0 0.000000000 0:0 {} 0 1")
          .containsEntry("long", "120777 0:0 0.000000000 0:0 {} " + "x".repeat(3_000));
      // A hard link's own mode and owner count, as for containerd, and clear what those clear.
      assertThat(lines.get("hard"))
          .startsWith("100644 0:0 ")
          .contains("user.a=\0\u00ff")
          .doesNotContain("trusted")
          .endsWith(names);
    }
  }

  private static final String CAPABILITY = "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

  @Test
  void capabilitiesOutliveTheOwner() throws IOException {
    new Tar().file("capable", "x", 04755, Map.of("security.capability", CAPABILITY)).unpack(root);
    try (Trees trees = new Trees()) {
      assertThat(trees.list(root).get("capable"))
          .startsWith("104755 ")
          .contains("security.capability=" + CAPABILITY);
    }
  }

  @Test
  void directoriesThatAreLeftOutAreThoseOfTheLayersBelow() throws IOException {
    Path lower = Files.createDirectory(directory.resolve("lower"));
    Path lowest = Files.createDirectory(directory.resolve("lowest"));
    new Tar()
        .add(TarType.DIRECTORY, "a", "", 0711, 0, 77, Map.of("user.k", "v"))
        .add(TarType.DIRECTORY, "a/b", "", 0701, 0, 78, Map.of())
        .directory("replaced", 0700)
        .unpack(lowest);
    new Tar().file("replaced", "by a file").unpackOver(lower);
    new Tar().file("a/b/c/file", "").file("replaced/file", "").unpackOver(root, lower, lowest);
    try (Trees trees = new Trees()) {
      assertThat(trees.list(root))
          .containsEntry("a", "40711 0:0 77.000000000 0:0 {user.k=v} ")
          .containsEntry("a/b", "40701 0:0 78.000000000 0:0 {} ")
          .hasEntrySatisfying("a/b/c", line -> assertThat(line).startsWith("40755 0:0 "))
          .hasEntrySatisfying("replaced", line -> assertThat(line).startsWith("40755 0:0 "));
    }
  }

  @Test
  void aLinkToItselfChangesNothing() throws IOException {
    new Tar().file("file", "kept").hardLink("file", "./file").unpack(root);
    assertThat(root.resolve("file")).hasContent("kept");
  }

  @Test
  void entriesBelowAFileAreRefused() {
    assertThatThrownBy(() -> new Tar().file("file", "").file("file/below", "").unpack(root))
        .hasMessage("entry file/below: open directory file: Not a directory");
    assertThatThrownBy(() -> new Tar().file("n".repeat(256), "").unpack(root))
        .hasMessageEndingWith("File name too long");
    assertThatThrownBy(
            () -> new Tar().symlink("a", "b").symlink("b", "a").file("a/x", "").unpack(root))
        .hasMessageContaining("Too many levels of symbolic links");
  }

  @Test
  void limitsHold() {
    LayerLimits few = new LayerLimits(1 << 20, 3, 4, 1 << 20, 10, 1 << 10);
    assertThatThrownBy(() -> unpack(new Tar().file("a/b/c/d", ""), few))
        .hasMessage("the layer has more than 3 entries (see [limits])");
    assertThatThrownBy(() -> unpack(new Tar().file("1/2/3/4/5", ""), few))
        .hasMessage("the layer has more than 4 nested directories (see [limits])");
    assertThatThrownBy(() -> unpack(new Tar().file("x", "12345678901"), few))
        .hasMessage("the layer has more than 10 bytes of files (see [limits])");
  }

  private void unpack(Tar tar, LayerLimits limits) throws IOException {
    Tar.unpack(tar.bytes(), root, List.of(), Unpacker.Style.REMOVING, limits);
  }
}
