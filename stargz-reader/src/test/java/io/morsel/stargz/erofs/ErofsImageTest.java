package io.morsel.stargz.erofs;

import static io.morsel.stargz.erofs.ErofsTrees.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.stargz.LayerFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ErofsImageTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19})
  void readsBackWhatWasWritten(long seed) throws Exception {
    roundTrip(ErofsTrees.random(seed));
  }

  @Test
  void readsBackWhatIsOdd() throws Exception {
    roundTrip(ErofsTrees.odd());
  }

  @Test
  void readsBackAnEmptyTree() throws Exception {
    roundTrip(new ErofsTrees.Tree(new ErofsNode(040755), 0));
  }

  @Test
  void leavesOutAttributesThatErofsCannotStore() throws Exception {
    var root = new ErofsNode(040755);
    root.xattr(utf8("system.nfs4_acl"), utf8("1"));
    root.xattr(utf8("user."), utf8("2"));
    root.xattr(utf8("user.a"), utf8("3"));
    try (ErofsImage image = write(new ErofsTrees.Tree(root, 0))) {
      assertThat(image.xattrNames(image.rootNid())).containsExactly(utf8("user.a"));
      assertThat(image.xattr(image.rootNid(), utf8("user."))).isNull();
    }
  }

  @Test
  void survivesAnyDamage() throws Exception {
    byte[] good;
    try (ErofsImage image = write(ErofsTrees.random(7))) {
      assertThat(image.inodeCount()).isGreaterThan(1);
      good = Files.readAllBytes(directory.resolve("meta"));
    }
    for (long seed = 0; seed < 400; seed++) {
      var random = new Random(seed);
      byte[] bad = good.clone();
      for (int i = random.nextInt(1, 30); i > 0; i--) {
        int at = random.nextInt(4096, bad.length);
        bad[at] = (byte) random.nextInt();
      }
      Path file = directory.resolve("bad");
      Files.write(file, bad);
      try (ErofsImage image = ErofsImage.open(file)) {
        visit(image);
      } catch (LayerFormatException e) {
        assertThat(e.kind()).isEqualTo(LayerFormatException.Kind.MALFORMED);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void refusesADamagedSuperblockAndATruncatedImage() throws Exception {
    write(ErofsTrees.random(3)).close();
    byte[] good = Files.readAllBytes(directory.resolve("meta"));
    Path file = directory.resolve("bad");
    for (int at = 1024; at < 4096; at += 7) {
      byte[] bad = good.clone();
      bad[at] ^= 1;
      Files.write(file, bad);
      assertThatThrownBy(() -> ErofsImage.open(file)).isInstanceOf(LayerFormatException.class);
    }
    for (int length : new int[] {0, 1, 1024, 4095, 4096, good.length - 1, good.length - 4096}) {
      Files.write(file, Arrays.copyOf(good, length));
      assertThatThrownBy(() -> ErofsImage.open(file)).isInstanceOf(LayerFormatException.class);
    }
  }

  @Test
  void passesFsck() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/fsck.erofs")), "needs erofs-utils");
    for (long seed = 0; seed < 6; seed++) {
      ErofsTrees.Tree tree = seed == 0 ? ErofsTrees.odd() : ErofsTrees.random(seed);
      Path data = directory.resolve("data");
      try (ErofsImage image = write(tree);
          var file = new java.io.RandomAccessFile(data.toFile(), "rw")) {
        assertThat(image.inodeCount()).isPositive();
        file.setLength(tree.dataBytes());
      }
      Process fsck =
          new ProcessBuilder(
                  "/usr/bin/fsck.erofs", "--device=" + data, directory.resolve("meta").toString())
              .redirectErrorStream(true)
              .start();
      String output =
          new String(fsck.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(fsck.waitFor()).as(output).isZero();
    }
  }

  @Test
  void viewShowsOtherAttributesOfSomeDirectoriesAndSharesTheRest() throws Exception {
    var root = new ErofsNode(040755);
    var inner = new ErofsNode(040755).xattr(utf8("trusted.overlay.opaque"), utf8("y"));
    var file = new ErofsNode(0100644).owner(7, 8).mtime(9, 10);
    root.put(utf8("inner"), inner);
    inner.put(utf8("file"), file);
    try (ErofsImage image = write(new ErofsTrees.Tree(root, 0))) {
      var attributes =
          new DirectoryAttributes(
              01700,
              5,
              -2,
              -3,
              999_999_999,
              List.of(utf8("user.a"), utf8("trusted.overlay.opaque")),
              List.of(utf8("value"), utf8("n")));
      ErofsImage view = image.withDirectoryAttributes(Map.of(inner.nid(), attributes));
      ErofsInode before = image.inode(inner.nid());
      assertThat(view.inode(inner.nid()))
          .isEqualTo(
              new ErofsInode(
                  inner.nid(),
                  before.ino(),
                  0041700,
                  before.sizeBytes(),
                  5,
                  -2,
                  -3,
                  999_999_999,
                  before.nlink(),
                  0,
                  -1));
      assertThat(view.xattrNames(inner.nid()))
          .containsExactly(utf8("trusted.overlay.opaque"), utf8("user.a"));
      assertThat(view.xattr(inner.nid(), utf8("user.a"))).isEqualTo(utf8("value"));
      assertThat(view.xattr(inner.nid(), utf8("trusted.overlay.opaque"))).isEqualTo(utf8("y"));
      assertThat(view.xattr(inner.nid(), utf8("user.b"))).isNull();
      assertThat(view.inode(file.nid())).isEqualTo(image.inode(file.nid()));
      assertThat(view.inode(root.nid())).isEqualTo(image.inode(root.nid()));
      assertThat(view.lookup(inner.nid(), utf8("file"))).isEqualTo(file.nid());
      assertThat(view.inodeCount()).isEqualTo(3);
      var rootToo = new DirectoryAttributes(0711, 1, 2, 3, 4, List.of(), List.of());
      ErofsImage both = view.withDirectoryAttributes(Map.of(root.nid(), rootToo));
      assertThat(both.inode(root.nid()).mode()).isEqualTo(0040711);
      assertThat(both.inode(inner.nid()).mode()).isEqualTo(0041700);
      assertThat(image.inode(inner.nid())).isEqualTo(before);
      assertThat(image.xattrNames(inner.nid())).hasSize(1);
      assertThatThrownBy(() -> image.withDirectoryAttributes(Map.of(file.nid(), attributes)))
          .isInstanceOf(LayerFormatException.class);
      view.close();
      assertThat(view.inode(inner.nid()).uid()).isEqualTo(5);
      assertThat(image.inode(inner.nid()).uid()).isZero();
    }
  }

  private ErofsImage write(ErofsTrees.Tree tree) throws IOException {
    Path file = directory.resolve("meta");
    Files.deleteIfExists(file);
    ErofsWriter.write(tree.root(), tree.dataBytes(), file);
    return ErofsImage.open(file);
  }

  private void roundTrip(ErofsTrees.Tree tree) throws IOException {
    try (ErofsImage image = write(tree)) {
      var nids = new IdentityHashMap<ErofsNode, Long>();
      var links = new HashMap<Long, Integer>();
      assertThat(image.dataBlocks()).isEqualTo((tree.dataBytes() + 4095) / 4096);
      compare(image, tree.root(), image.rootNid(), image.rootNid(), nids, links);
      assertThat(image.inodeCount()).isEqualTo(nids.size());
      for (Map.Entry<Long, Integer> link : links.entrySet()) {
        assertThat(image.inode(link.getKey()).nlink()).isEqualTo(link.getValue());
      }
      var inos = new java.util.TreeSet<Long>();
      for (long nid : nids.values()) {
        inos.add(image.inode(nid).ino());
      }
      assertThat(inos).hasSize(nids.size());
      assertThat(inos.first()).isEqualTo(1);
      assertThat(inos.last()).isEqualTo(nids.size());
    }
  }

  private static void compare(
      ErofsImage image,
      ErofsNode node,
      long nid,
      long parent,
      Map<ErofsNode, Long> nids,
      Map<Long, Integer> links)
      throws IOException {
    if (!node.isDirectory()) {
      links.merge(nid, 1, Integer::sum);
    }
    Long before = nids.putIfAbsent(node, nid);
    if (before != null) {
      assertThat(nid).isEqualTo(before);
      return;
    }
    ErofsInode inode = image.inode(nid);
    assertThat(inode.mode()).isEqualTo(node.mode());
    assertThat(inode.uid()).isEqualTo(node.uid());
    assertThat(inode.gid()).isEqualTo(node.gid());
    assertThat(inode.mtimeSeconds()).isEqualTo(node.mtimeSeconds());
    assertThat(inode.mtimeNanos()).isEqualTo(node.mtimeNanos());
    assertThat(inode.rdev()).isEqualTo(node.rdev());
    assertThat(inode.dataOffset()).isEqualTo(node.dataOffset());
    if (!node.isDirectory()) {
      assertThat(inode.sizeBytes()).isEqualTo(node.sizeBytes());
    }
    if (node.type() == ErofsFormat.S_IFLNK) {
      assertThat(image.symlinkTarget(nid)).isEqualTo(node.target());
    }
    assertThat(image.xattrNames(nid)).containsExactlyElementsOf(node.xattrs().keySet());
    for (Map.Entry<byte[], byte[]> xattr : node.xattrs().entrySet()) {
      assertThat(image.xattr(nid, xattr.getKey())).isEqualTo(xattr.getValue());
    }
    assertThat(image.xattr(nid, utf8("user.absent"))).isNull();
    if (node.isDirectory()) {
      assertThat(image.lookup(nid, utf8("."))).isEqualTo(nid);
      assertThat(image.lookup(nid, utf8(".."))).isEqualTo(parent);
      assertThat(image.lookup(nid, utf8("absent"))).isEqualTo(-1);
      assertThat(image.lookup(nid, new byte[] {-1, -1, -1, -1, -1})).isEqualTo(-1);
      assertThat(image.lookup(nid, new byte[] {1, 1, 1, 1, 1})).isEqualTo(-1);
      var names = new ArrayList<byte[]>();
      // One entry a visit, so that every cookie is used.
      for (long cookie = 0, next = -1; next != cookie; ) {
        long[] after = {cookie};
        image.list(
            nid,
            cookie,
            (name, entry, type, nextCookie) -> {
              names.add(name);
              assertThat(image.inode(entry).mode() & ErofsFormat.S_IFMT).isEqualTo(type);
              after[0] = nextCookie;
              return false;
            });
        next = cookie;
        cookie = after[0];
      }
      int directories = 2;
      var expected = new ArrayList<byte[]>(node.children().keySet());
      expected.add(utf8("."));
      expected.add(utf8(".."));
      expected.sort(Arrays::compareUnsigned);
      assertThat(names).containsExactlyElementsOf(expected);
      for (Map.Entry<byte[], ErofsNode> child : node.children().entrySet()) {
        long childNid = image.lookup(nid, child.getKey());
        assertThat(childNid).isPositive();
        compare(image, child.getValue(), childNid, nid, nids, links);
        directories += child.getValue().isDirectory() ? 1 : 0;
      }
      assertThat(inode.nlink()).isEqualTo(directories);
    }
  }

  /** Reads everything that can be reached, as a front end would. */
  private static void visit(ErofsImage image) throws IOException {
    var pending = new java.util.ArrayDeque<Long>();
    var seen = new java.util.HashSet<Long>();
    pending.add(image.rootNid());
    while (!pending.isEmpty()) {
      long nid = pending.remove();
      if (!seen.add(nid)) {
        continue;
      }
      try {
        ErofsInode inode = image.inode(nid);
        for (byte[] name : image.xattrNames(nid)) {
          image.xattr(nid, name);
        }
        switch (inode.mode() & ErofsFormat.S_IFMT) {
          case ErofsFormat.S_IFLNK -> image.symlinkTarget(nid);
          case ErofsFormat.S_IFDIR ->
              image.list(
                  nid,
                  0,
                  (name, child, type, next) -> {
                    image.lookup(nid, name);
                    pending.add(child);
                    return true;
                  });
          default -> {}
        }
      } catch (LayerFormatException e) {
        assertThat(e.kind()).isEqualTo(LayerFormatException.Kind.MALFORMED);
      }
    }
  }
}
