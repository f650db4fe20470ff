package io.morsel.stargz.erofs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's own EROFS as the judge of what the writer writes. */
final class KernelMountTest {
  @TempDir Path directory;

  private final IdentityHashMap<ErofsNode, Long> inos = new IdentityHashMap<>();

  @ParameterizedTest
  @ValueSource(longs = {-2, -1, 100, 101, 102, 103})
  void showsTheTreeThatWasWritten(long seed) throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root, to mount");
    assumeTrue(
        Files.readString(Path.of("/proc/filesystems")).contains("\terofs\n"),
        "needs a kernel with EROFS");
    ErofsTrees.Tree tree =
        seed == -2
            ? ErofsTrees.odd()
            : seed == -1 ? new ErofsTrees.Tree(new ErofsNode(0041777), 0) : ErofsTrees.random(seed);
    Path meta = directory.resolve("meta");
    Path data = directory.resolve("data");
    Path target = Files.createDirectory(directory.resolve("mnt"));
    ErofsWriter.write(tree.root(), tree.dataBytes(), meta);
    try (var channel = FileChannel.open(data, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var posix = new Posix();
        ErofsImage image = ErofsImage.open(meta)) {
      if (tree.dataBytes() > 0) {
        channel.write(ByteBuffer.allocate(1), tree.dataBytes() - 1);
      }
      fill(channel, tree.root());
      posix.mount(meta.toString(), target.toString(), "erofs", 1, "device=" + data);
      try {
        byte[] root = target.toString().getBytes(StandardCharsets.UTF_8);
        compare(posix, root, tree.root(), image, image.rootNid());
      } finally {
        posix.unmount(target.toString());
      }
    }
  }

  /** Gives each file a first and a last block of its own. */
  private static void fill(FileChannel data, ErofsNode node) throws IOException {
    if (node.isRegular() && node.sizeBytes() > 0) {
      data.write(ByteBuffer.wrap(head(node)), node.dataOffset());
      data.write(ByteBuffer.wrap(tail(node)), node.dataOffset() + tailStart(node));
    }
    for (ErofsNode child : node.children().values()) {
      fill(data, child);
    }
  }

  private static long tailStart(ErofsNode node) {
    return Math.max(0, node.sizeBytes() - 4096);
  }

  private static byte[] tail(ErofsNode node) {
    byte[] bytes = new byte[(int) (node.sizeBytes() - tailStart(node))];
    new Random(node.dataOffset()).nextBytes(bytes);
    return bytes;
  }

  private static byte[] head(ErofsNode node) {
    byte[] bytes = new byte[(int) Math.min(4096, tailStart(node))];
    new Random(~node.dataOffset()).nextBytes(bytes);
    return bytes;
  }

  private void compare(Posix posix, byte[] path, ErofsNode node, ErofsImage image, long nid)
      throws IOException {
    ErofsInode inode = image.inode(nid);
    Posix.Stat stat = posix.stat(path);
    assertThat(stat.mode()).isEqualTo(node.mode());
    assertThat(stat.uid()).isEqualTo(node.uid());
    assertThat(stat.gid()).isEqualTo(node.gid());
    assertThat(stat.mtimeSeconds()).isEqualTo(node.mtimeSeconds());
    assertThat(stat.mtimeNanos()).isEqualTo(node.mtimeNanos());
    assertThat(stat.rdev()).isEqualTo(node.rdev());
    assertThat(stat.nlink()).isEqualTo(inode.nlink());
    // The kernel shows an inode's address; its number is for those who can't.
    assertThat(stat.ino()).isEqualTo(nid);
    Long before = inos.putIfAbsent(node, stat.ino());
    if (before != null) {
      assertThat(stat.ino()).isEqualTo(before);
    }
    if (!node.isDirectory()) {
      assertThat(stat.size()).isEqualTo(node.sizeBytes());
    }
    if (node.isSymlink()) {
      assertThat(posix.readlink(path)).isEqualTo(node.target());
    }
    assertThat(posix.xattrNames(path)).containsExactlyInAnyOrderElementsOf(node.xattrs().keySet());
    for (Map.Entry<byte[], byte[]> xattr : node.xattrs().entrySet()) {
      if (Arrays.equals(xattr.getKey(), ErofsTrees.utf8("security.capability"))
          || !new String(xattr.getKey(), StandardCharsets.UTF_8).startsWith("user.")
          || node.isRegular()
          || node.isDirectory()) {
        assertThat(posix.xattr(path, xattr.getKey())).isEqualTo(xattr.getValue());
      }
    }
    if (node.isRegular() && node.sizeBytes() > 0) {
      byte[] head = head(node);
      byte[] tail = tail(node);
      assertThat(posix.read(path, tailStart(node), tail.length + 1)).isEqualTo(tail);
      // The tail was written last, over what they share.
      int own = (int) Math.min(head.length, tailStart(node));
      assertThat(posix.read(path, 0, own)).isEqualTo(Arrays.copyOf(head, own));
    }
    if (node.isDirectory() && path.length < 3_500) {
      var expected = new java.util.ArrayList<byte[]>(node.children().keySet());
      expected.add(ErofsTrees.utf8("."));
      expected.add(ErofsTrees.utf8(".."));
      assertThat(posix.list(path)).containsExactlyInAnyOrderElementsOf(expected);
      for (Map.Entry<byte[], ErofsNode> child : node.children().entrySet()) {
        compare(
            posix,
            Posix.join(path, child.getKey()),
            child.getValue(),
            image,
            image.lookup(nid, child.getKey()));
      }
    }
  }
}
