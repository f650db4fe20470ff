package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import io.morsel.stargz.erofs.ErofsWriter;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where implied directories find their attributes, in layers below of every shape. */
final class ImpliedAttributesTest {
  @TempDir Path directory;

  private final List<ErofsImage> images = new ArrayList<>();

  @AfterEach
  void closeImages() {
    images.forEach(ErofsImage::close);
  }

  @Test
  void firstLayerThatHasTheDirectoryDecides() throws Exception {
    LowerDirectory none = lower(dir(0701));
    LowerDirectory upper = lower(dir(0702, "a", dir(0712)));
    LowerDirectory deeper = lower(dir(0703, "a", dir(0713, "b", dir(0723))));
    assertThat(permissions("a/b/c/f", none, upper, deeper))
        .containsExactly("/ 701", "/a 712", "/a/b 723");
    assertThat(permissions("a/b/c/f", deeper, upper))
        .containsExactly("/ 703", "/a 713", "/a/b 723");
    assertThat(permissions("a/b/c/f")).isEmpty();
  }

  @Test
  void whatIsHiddenDoesNotCount() throws Exception {
    LowerDirectory bottom = lower(dir(0701, "a", dir(0711, "b", dir(0721, "c", dir(0731)))));
    ErofsNode whiteout = new ErofsNode(0020000).device(0, 0);
    assertThat(permissions("a/b/c/f", lower(dir(0702, "a", whiteout)), bottom))
        .containsExactly("/ 702");
    assertThat(permissions("a/b/c/f", lower(dir(0702, "a", dir(0712, "b", whiteout))), bottom))
        .containsExactly("/ 702", "/a 712");
    ErofsNode symlink = new ErofsNode(0120777).target(utf8("/a"));
    assertThat(permissions("a/b/c/f", lower(dir(0702, "a", dir(0712, "b", symlink))), bottom))
        .containsExactly("/ 702", "/a 712");
    ErofsNode opaque = dir(0712, "b", dir(0722)).xattr(utf8("trusted.overlay.opaque"), utf8("y"));
    assertThat(permissions("a/b/c/f", lower(dir(0702, "a", opaque)), bottom))
        .containsExactly("/ 702", "/a 712", "/a/b 722");
    // Of a directory that hides nothing the layers below are asked.
    ErofsNode plain = dir(0712, "b", dir(0722));
    assertThat(permissions("a/b/c/f", lower(dir(0702, "a", plain)), bottom))
        .containsExactly("/ 702", "/a 712", "/a/b 722", "/a/b/c 731");
  }

  @Test
  void whatTheLayerItselfHidesDoesNotCount() throws Exception {
    LowerDirectory below = lower(dir(0701, "a", dir(0711, "b", dir(0721))));
    Path tree = directory.resolve("tree");
    Files.createDirectories(tree.resolve("a/b"));
    Files.createFile(tree.resolve("a/.wh..wh..opq"));
    Files.createFile(tree.resolve("a/b/f"));
    try (LayerIndex index = index("a/.wh..wh..opq", "a/b/f")) {
      assertThat(permissions(index, below)).containsExactly("/ 701", "/a 711");
    }
  }

  @Test
  void describedDirectoryIsLeftAloneAndLeadsToImpliedOnes() throws Exception {
    LowerDirectory below = lower(dir(0701, "a", dir(0711, "b", dir(0721))));
    Files.createDirectories(directory.resolve("tree/a/b"));
    Files.createFile(directory.resolve("tree/a/b/f"));
    try (LayerIndex index = index("a", "a/b/f")) {
      assertThat(permissions(index, below)).containsExactly("/ 701", "/a/b 721");
    }
  }

  @Test
  void layersAreAskedInOrderAndNoFurtherThanNeeded() throws Exception {
    List<Integer> asked = new ArrayList<>();
    LowerDirectory upper = lower(dir(0701, "a", dir(0711)));
    LowerDirectory lower = lower(dir(0702, "a", dir(0712, "b", dir(0722))));
    Files.createDirectories(directory.resolve("tree/a/b"));
    Files.createFile(directory.resolve("tree/a/f"));
    Files.createFile(directory.resolve("tree/a/b/f"));
    try (LayerIndex one = index("a/f");
        LayerIndex two = index("a/b/f");
        LayerIndex none = index(".")) {
      for (LayerIndex index : List.of(none, one, two)) {
        var _ = resolve(index, asked, upper, lower, upper);
        asked.add(-1);
      }
    }
    assertThat(asked.stream().distinct()).containsExactly(-1, 0, 1);
    assertThat(asked.indexOf(1)).isGreaterThan(asked.indexOf(-1) + 1);
    assertThat(asked.getFirst()).isEqualTo(-1);
  }

  @Test
  void everyAttributeIsTakenButThoseOfOneLayer() throws Exception {
    ErofsNode below =
        dir(07751)
            .owner(70_000, -2)
            .mtime(-5, 123_456_789)
            .xattr(utf8("user.a"), new byte[] {0, 1, -1})
            .xattr(utf8("system.posix_acl_default"), utf8("acl"))
            .xattr(utf8("user.overlay.opaque"), utf8("x"))
            .xattr(utf8("trusted.overlay.origin"), utf8("x"));
    try (LayerIndex index = indexOf("f")) {
      DirectoryAttributes found =
          at(resolve(index, new ArrayList<>(), lower(below)), index.tree().rootNid());
      assertThat(found.permissions()).isEqualTo(07751);
      assertThat(List.of(found.uid(), found.gid())).containsExactly(70_000, -2);
      assertThat(found.mtimeSeconds()).isEqualTo(-5);
      assertThat(found.mtimeNanos()).isEqualTo(123_456_789);
      assertThat(found.xattrNames())
          .containsExactly(utf8("system.posix_acl_default"), utf8("user.a"));
      assertThat(found.xattrValues()).containsExactly(utf8("acl"), new byte[] {0, 1, -1});
    }
  }

  @Test
  void unpackedLayerIsReadFromTheDisk() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("changing owners needs root")
        .isEqualTo(0);
    Path upper = Files.createDirectories(directory.resolve("upper"));
    // Names that are no text: made by a shell, since Java can't spell them.
    run(
        upper,
        "d=$(printf 'o\\377d'); mkdir -p \"$d/in/deep\" file-above; touch file-above/f;"
            + " chown 5:6 \"$d\"; chmod 2750 \"$d\";"
            + " mknod \"$d/in/gone\" c 0 0; chmod 0701 \"$d/in\"; ln -s in \"$d/link\";"
            + " touch -d @1000000000.000000007 \"$d\"");
    Path bottom = Files.createDirectories(directory.resolve("bottom"));
    run(bottom, "d=$(printf 'o\\377d'); mkdir -m 711 -p \"$d/in/gone\" \"$d/link\" \"$d/below\"");
    run(
        Files.createDirectories(directory.resolve("tree")),
        "d=$(printf 'o\\377d'); for x in in/gone link below; do mkdir -p \"$d/$x\"; touch"
            + " \"$d/$x/f\"; done; find . -type f | tar -cf ../some.tar -T -");
    try (LayerIndex index = index(Files.readAllBytes(directory.resolve("some.tar")))) {
      Map<Long, DirectoryAttributes> found =
          resolve(index, new ArrayList<>(), DiskDirectory.of(upper), DiskDirectory.of(bottom));
      byte[] odd = {'o', -1, 'd'};
      long nid = index.tree().lookup(index.tree().rootNid(), odd);
      DirectoryAttributes attributes = at(found, nid);
      assertThat(attributes.permissions()).isEqualTo(02750);
      assertThat(List.of(attributes.uid(), attributes.gid())).containsExactly(5, 6);
      assertThat(attributes.mtimeSeconds()).isEqualTo(1_000_000_000);
      assertThat(attributes.mtimeNanos()).isEqualTo(7);
      long in = index.tree().lookup(nid, utf8("in"));
      assertThat(at(found, in).permissions()).isEqualTo(0701);
      assertThat(at(found, index.tree().lookup(nid, utf8("below"))).permissions()).isEqualTo(0711);
      assertThat(found)
          .doesNotContainKey(index.tree().lookup(in, utf8("gone")))
          .doesNotContainKey(index.tree().lookup(nid, utf8("link")))
          .hasSize(4);
    }
  }

  @Test
  void unpackedLayersAttributesAndOpaqueDirectoriesAreSeen() throws Exception {
    Path upper = directory.resolve("upper");
    Files.createDirectories(upper.resolve("a"));
    Files.setAttribute(upper.resolve("a"), "user:colour", utf8("red"));
    DirectoryAttributes attributes =
        ((LowerEntry.Directory) DiskDirectory.of(upper).child(utf8("a"))).directory().attributes();
    int at =
        attributes.xattrNames().stream()
            .map(Arrays::toString)
            .toList()
            .indexOf(Arrays.toString(utf8("user.colour")));
    assertThat(attributes.xattrValues().get(at)).isEqualTo(utf8("red"));
    assertThat(DiskDirectory.of(upper.resolve("a")).isOpaque()).isFalse();
    Files.setAttribute(upper.resolve("a"), "user:overlay.opaque", utf8("y"));
    assertThat(DiskDirectory.of(upper.resolve("a")).isOpaque()).isTrue();
    assertThat(DiskDirectory.of(upper).child(utf8("absent"))).isEqualTo(LowerEntry.ABSENT);
    assertThatThrownBy(() -> DiskDirectory.of(directory.resolve("absent")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private static ErofsNode dir(int permissions, Object... children) {
    ErofsNode node = new ErofsNode(0040000 | permissions);
    for (int i = 0; i < children.length; i += 2) {
      node.put(utf8((String) children[i]), (ErofsNode) children[i + 1]);
    }
    return node;
  }

  private LowerDirectory lower(ErofsNode root) throws IOException {
    Path file = directory.resolve("image" + images.size());
    ErofsWriter.write(root, 0, file);
    ErofsImage image = ErofsImage.open(file);
    images.add(image);
    return new ImageDirectory(image, image.rootNid());
  }

  private List<String> permissions(String file, LowerDirectory... below) throws Exception {
    try (LayerIndex index = indexOf(file)) {
      return permissions(index, below);
    }
  }

  /** The path and the permission bits of every directory that has found its attributes. */
  private static List<String> permissions(LayerIndex index, LowerDirectory... below)
      throws IOException {
    Map<Long, DirectoryAttributes> found = resolve(index, new ArrayList<>(), below);
    List<String> lines = new ArrayList<>();
    List<String> path = new ArrayList<>();
    index
        .impliedDirectories()
        .forEach(
            (depth, name, nid, implied) -> {
              path.subList(depth, path.size()).clear();
              path.add(new String(name, StandardCharsets.UTF_8));
              DirectoryAttributes attributes = found.get(nid);
              if (attributes != null) {
                assertThat(implied).isTrue();
                lines.add(
                    (depth == 0 ? "/" : String.join("/", path))
                        + " "
                        + Integer.toOctalString(attributes.permissions()));
              }
            });
    return lines;
  }

  private static Map<Long, DirectoryAttributes> resolve(
      LayerIndex index, List<Integer> asked, LowerDirectory... below) throws IOException {
    return ImpliedAttributes.resolve(
        "sha256:0",
        index,
        new ImpliedAttributes.Below() {
          @Override
          public int count() {
            return below.length;
          }

          @Override
          public LowerDirectory root(int layer) {
            asked.add(layer);
            return below[layer];
          }
        });
  }

  /** A layer that has this file, and no directory above it. */
  private LayerIndex indexOf(String file) throws Exception {
    Path path = directory.resolve("tree").resolve(file);
    Files.createDirectories(path.getParent());
    if (!Files.exists(path)) {
      Files.createFile(path);
    }
    return index(file);
  }

  private LayerIndex index(String... paths) throws Exception {
    Path tar = directory.resolve("layer.tar");
    run(
        Files.createDirectories(directory.resolve("tree")),
        "tar --no-recursion -cf " + tar + " " + String.join(" ", paths));
    return index(Files.readAllBytes(tar));
  }

  private LayerIndex index(byte[] tar) throws Exception {
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    try (var compressors = Executors.newFixedThreadPool(1)) {
      EstargzOptions options =
          new EstargzOptions(LayerFormat.ESTARGZ, 4096, 0, 1, List.of(), LayerLimits.DEFAULT);
      var _ =
          new EstargzWriter(options, compressors, directory)
              .write(new ByteArrayInputStream(tar), blob, (done, total) -> {});
    }
    return LayerIndex.build(
        new Memory(blob.toByteArray()),
        new TocTrust.Unverified(),
        Files.createTempDirectory(directory, "index"),
        LayerLimits.DEFAULT);
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Memory(byte[] bytes) implements LayerBlob {
    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) {
      return new ByteArrayInputStream(bytes, (int) offsetBytes, (int) lengthBytes);
    }
  }

  private static void run(Path directory, String script) throws Exception {
    Process process =
        new ProcessBuilder("sh", "-ec", script)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", script, output).isZero();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static DirectoryAttributes at(Map<Long, DirectoryAttributes> found, long nid) {
    return Objects.requireNonNull(found.get(nid), "no attributes were found");
  }
}
