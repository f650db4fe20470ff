package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import io.morsel.stargz.erofs.ErofsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** A tree that is made up by a test, and what it must look like. */
final class SampleLayer {
  static final int DIRECTORY = 0040000;
  static final int REGULAR = 0100000;
  static final int SYMLINK = 0120000;
  static final int CHARACTER = 0020000;
  static final int BLOCK = 0060000;
  static final int FIFO = 0010000;
  static final int SOCKET = 0140000;

  final ErofsNode root = new ErofsNode(DIRECTORY | 0755);

  /** What was set as each inode's attributes, name by name. */
  final Map<ErofsNode, Map<String, byte[]>> xattrs = new HashMap<>();

  final Map<ErofsNode, List<Integer>> owners = new HashMap<>();
  final Map<ErofsNode, List<Long>> mtimes = new HashMap<>();

  /** What was set as device and link target, which a node does not show. */
  final Map<ErofsNode, int[]> devices = new HashMap<>();

  final Map<ErofsNode, byte[]> targets = new HashMap<>();

  private final TreeMap<Long, byte[]> given = new TreeMap<>();
  private final Map<String, ErofsNode> byPath = new HashMap<>();
  private long dataBytes;

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Gives a node a name, and makes it known under the path. */
  ErofsNode put(String path, ErofsNode node) {
    int slash = path.lastIndexOf('/');
    parent(path).put(bytes(path.substring(slash + 1)), node);
    byPath.put(path, node);
    return node;
  }

  ErofsNode parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? root : get(path.substring(0, slash));
  }

  ErofsNode get(String path) {
    ErofsNode node = byPath.get(path);
    if (node == null) {
      throw new AssertionError("no " + path + " in the sample");
    }
    return node;
  }

  ErofsNode directory(String path, int permissions) {
    return put(path, new ErofsNode(DIRECTORY | permissions));
  }

  /** A file of computed content. */
  ErofsNode file(String path, int permissions, long sizeBytes) {
    ErofsNode node = new ErofsNode(REGULAR | permissions).data(sizeBytes, dataBytes);
    dataBytes = (dataBytes + sizeBytes + 4095) / 4096 * 4096;
    return put(path, node);
  }

  /** A file of this content. */
  ErofsNode file(String path, int permissions, byte[] content) {
    if (content.length > 0) {
      given.put(dataBytes, content);
    }
    return file(path, permissions, content.length);
  }

  ErofsNode symlink(String path, byte[] target) {
    ErofsNode node = new ErofsNode(SYMLINK | 0777).target(target);
    targets.put(node, target);
    return put(path, node);
  }

  ErofsNode device(String path, int typeAndPermissions, int major, int minor) {
    ErofsNode node = new ErofsNode(typeAndPermissions).device(major, minor);
    devices.put(node, new int[] {major, minor});
    return put(path, node);
  }

  private void owner(ErofsNode node, int uid, int gid) {
    owners.put(node.owner(uid, gid), List.of(uid, gid));
  }

  private void mtime(ErofsNode node, long seconds, int nanos) {
    mtimes.put(node.mtime(seconds, nanos), List.of(seconds, (long) nanos));
  }

  void xattr(String path, String name, byte[] value) {
    ErofsNode node = get(path).xattr(bytes(name), value);
    xattrs.computeIfAbsent(node, _ -> new TreeMap<>()).put(name, value);
  }

  /** All regular files, each once. */
  Set<ErofsNode> files() {
    Set<ErofsNode> files = new HashSet<>();
    addFiles(root, files);
    return files;
  }

  private static void addFiles(ErofsNode directory, Set<ErofsNode> files) {
    for (ErofsNode node : directory.children().values()) {
      if (node.isDirectory()) {
        addFiles(node, files);
      } else if (node.isRegular()) {
        files.add(node);
      }
    }
  }

  /** The offset of a file's content in the layer's data. */
  long dataOffset(String path) {
    return get(path).dataOffset();
  }

  /** Bytes of a file. */
  byte[] expected(ErofsNode file, long offset, int length) {
    if (length == 0) {
      return new byte[0];
    }
    long at = file.dataOffset() + offset;
    byte[] content = given.get(file.dataOffset());
    if (content != null) {
      return Arrays.copyOfRange(content, (int) offset, (int) offset + length);
    }
    byte[] expected = new byte[length];
    for (int i = 0; i < length; i++) {
      expected[i] = SampleContent.generated(at + i);
    }
    return expected;
  }

  /** Writes the layer's image, and opens it. */
  SampleContent open(Path directory, String name) throws IOException {
    Path image = Files.createTempFile(directory, "meta", ".erofs");
    Files.delete(image);
    ErofsWriter.write(root, dataBytes, image);
    return new SampleContent(
        name,
        this,
        ErofsImage.open(image),
        dataBytes,
        given,
        image.resolveSibling(image.getFileName() + ".data"),
        new CompletableFuture<>());
  }

  /**
   * A tree with everything that a layer can have.
   *
   * @param hugeBytes about the size of the largest file
   */
  static SampleLayer withEverything(long hugeBytes) throws IOException {
    SampleLayer layer = new SampleLayer();
    layer.mtime(layer.root, 1_000_000_000, 1);
    layer.directory("bin", 0755);
    layer.file("bin/cat", 0755, Files.readAllBytes(Path.of("/bin/cat")));
    layer.file("hello", 0644, bytes("hello, world\n"));
    layer.file("empty", 0600, 0);
    layer.file("one", 0644, 1);
    layer.file("page", 0644, 4096);
    layer.file("odd", 0644, 4097);
    layer.file("large", 0644, (9 << 20) + 123);
    layer.file("huge", 0644, hugeBytes + 77);
    layer.file("behind-huge", 0644, 100_000);

    layer.owner(layer.file("setuid", 04755, 10), 70_000, 70_001);
    layer.owner(layer.file("setgid", 02755, 10), 1, (int) 4_000_000_000L);
    layer.owner(layer.directory("sticky", 01777), 65_534, 65_535);
    layer.file("no-permissions", 0, 5);
    layer.mtime(layer.file("nanoseconds", 0644, 5), 1_234_567_890, 123_456_789);
    layer.mtime(layer.file("before-1970", 0644, 5), -1, 999_999_999);
    layer.mtime(layer.file("far-future", 0644, 5), 1L << 33, 0);

    ErofsNode linked = layer.file("linked", 0644, 5000);
    layer.put("bin/linked-too", linked);
    layer.put("sticky/linked-again", linked);

    layer.device("null", CHARACTER | 0666, 1, 3);
    layer.device("disk", BLOCK | 0660, 259, 70_000);
    layer.device("tty", CHARACTER | 0620, 4095, 1_048_575);
    layer.put("fifo", new ErofsNode(FIFO | 0644));
    layer.put("socket", new ErofsNode(SOCKET | 0755));
    layer.symlink("link", bytes("hello"));
    layer.symlink("dangling", bytes("../../no/where"));
    byte[] longTarget = new byte[4000];
    Arrays.fill(longTarget, (byte) 'x');
    layer.symlink("long-link", longTarget);
    layer.symlink("odd-link", new byte[] {'a', (byte) 0xff, (byte) 0xfe});

    layer.file("attributes", 0755, 5);
    layer.xattr("attributes", "user.binary", new byte[] {0, 1, (byte) 0xff, 0, 10});
    layer.xattr("attributes", "user.empty", new byte[0]);
    layer.xattr("attributes", "user.long", new byte[3000]);
    layer.xattr("attributes", "trusted.secret", bytes("t"));
    // struct vfs_cap_data, revision 2: cap_net_bind_service, permitted and effective.
    byte[] capability = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    layer.xattr("attributes", "security.capability", capability);
    layer.directory("opaque", 0755);
    layer.xattr("opaque", "trusted.overlay.opaque", bytes("y"));
    layer.device("whiteout", CHARACTER, 0, 0);
    layer.symlink("link-with-attribute", bytes("hello"));
    layer.xattr("link-with-attribute", "trusted.x", bytes("v"));

    layer.file("n".repeat(255), 0644, 5);
    layer.file("ö ü\n\t\\", 0644, 5);
    layer.directory("odd-names", 0755);
    layer.get("odd-names").put(new byte[] {(byte) 0xff, (byte) 0xfe, 'x'}, layer.get("one"));
    layer.get("odd-names").put(new byte[] {(byte) 0xff, (byte) 0xfd, 'x'}, layer.get("odd"));
    ErofsNode oddDirectory = new ErofsNode(DIRECTORY | 0700);
    oddDirectory.put(new byte[] {(byte) 0xe4}, layer.get("page"));
    layer.get("odd-names").put(new byte[] {(byte) 0x80}, oddDirectory);
    layer.directory("empty-directory", 0755);
    layer.directory("many", 0755);
    for (int i = 0; i < 5000; i++) {
      layer.file("many/entry-%d-%s".formatted(i, "x".repeat(i % 60)), 0644, i % 3);
    }
    String deep = "deep";
    layer.directory(deep, 0755);
    for (int i = 0; i < 30; i++) {
      deep += "/d" + i;
      layer.directory(deep, 0755);
    }
    layer.file(deep + "/file", 0644, 42);
    return layer;
  }
}
