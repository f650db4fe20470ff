package io.morsel.stargz;

import static io.morsel.stargz.TestBlob.base64;
import static io.morsel.stargz.TestBlob.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.TestBlob.Memory;
import io.morsel.stargz.TestBlob.Raw;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LayerIndexTest {
  private static final LayerLimits LIMITS = LayerLimits.DEFAULT;

  @TempDir Path directory;

  @Test
  void readsFilesInChunks() throws Exception {
    byte[] large = random(10_000, 1);
    byte[] small = random(10, 2);
    var blob =
        new TestBlob()
            .file("a/large", large, 4_000, "mode", 04755, "uid", 70_000, "gid", 4_294_967_294L)
            .file("a/empty", new byte[0], 100)
            .file("a/small", small, 100, "modtime", "2020-02-29T12:00:00.123456789Z");
    try (LayerIndex index = build(blob)) {
      assertThat(index.tocDigest()).isEqualTo(blob.tocDigest());
      assertThat(index.format()).isEqualTo(LayerFormat.ESTARGZ);
      assertThat(index.chunks().count()).isEqualTo(4);
      assertThat(index.dataBytes()).isEqualTo(12_288 + 4_096);
      assertThat(content(index, blob.bytes(), "a/large")).isEqualTo(large);
      assertThat(content(index, blob.bytes(), "a/small")).isEqualTo(small);
      assertThat(content(index, blob.bytes(), "a/empty")).isEmpty();
      ErofsInode inode = inode(index, "a/large");
      assertThat(inode.mode()).isEqualTo(0104755);
      assertThat(inode.uid()).isEqualTo(70_000);
      assertThat(inode.gid()).isEqualTo(-2);
      assertThat(inode(index, "a/small").mtimeNanos()).isEqualTo(123_456_789);
      assertThat(inode(index, "a/small").mtimeSeconds()).isEqualTo(1_582_977_600);
      assertThat(inode(index, "a").mode()).isEqualTo(0040755);
      assertThat(index.pathOf(0)).isEqualTo("/a/large");
      assertThat(index.pathOf(3)).isEqualTo("/a/small");
      assertThat(index.chunks().firstEndingAfter(0)).isZero();
      assertThat(index.chunks().firstEndingAfter(3_999)).isZero();
      assertThat(index.chunks().firstEndingAfter(4_000)).isEqualTo(1);
      assertThat(index.chunks().firstEndingAfter(10_000)).isEqualTo(3);
      assertThat(index.chunks().firstEndingAfter(12_298)).isEqualTo(4);
    }
  }

  @Test
  void readsFilesThatShareAMember() throws Exception {
    byte[] a = random(100, 1);
    byte[] b = random(200, 2);
    var blob = new TestBlob();
    long offset = blob.member(new byte[512], a, new byte[412 + 512], b);
    blob.entry("name", "a", "type", "reg", "size", 100, "offset", offset, "innerOffset", 512)
        .entry("name", "ignored", "type", "dir");
    var good = new TestBlob();
    offset = good.member(new byte[512], a, new byte[924], b);
    good.entry(
        "name",
        "a",
        "type",
        "reg",
        "size",
        100,
        "offset",
        offset,
        "innerOffset",
        512, //
        "chunkDigest",
        sha256(a));
    good.entry(
        "name",
        "b",
        "type",
        "reg",
        "size",
        200,
        "offset",
        offset,
        "innerOffset",
        1536, //
        "chunkDigest",
        sha256(b));
    try (LayerIndex index = build(good)) {
      assertThat(content(index, good.bytes(), "a")).isEqualTo(a);
      assertThat(content(index, good.bytes(), "b")).isEqualTo(b);
    }
    assertRefused(blob, Kind.MALFORMED, "can't be verified");
  }

  @ParameterizedTest
  @EnumSource(LayerFormat.class)
  void verifiesFilesAsAWholeWithoutChunkDigests(LayerFormat format) throws Exception {
    byte[] bytes = random(9_000, 3);
    var blob = new TestBlob();
    long first = blob.member(Arrays.copyOf(bytes, 5_000));
    long second = blob.member(Arrays.copyOfRange(bytes, 5_000, 9_000), new byte[512]);
    blob.entry(
        "name",
        "f",
        "type",
        "reg",
        "size",
        9_000,
        "offset",
        first,
        "chunkSize",
        5_000, //
        "digest",
        sha256(bytes));
    blob.entry("name", "f", "type", "chunk", "offset", second, "chunkOffset", 5_000);
    blob.file("after", random(20, 4), 100);
    try (LayerIndex index = build(blob, format, LIMITS)) {
      assertThat(index.format()).isEqualTo(format);
      assertThat(index.chunks().count()).isEqualTo(2);
      assertThat(content(index, blob.bytes(), "f")).isEqualTo(bytes);
    }
    var tight = new LayerLimits(1 << 20, 1_000, 10, 8_999, 1 << 20, 1_000);
    var refused =
        catchThrowableOfType(LayerFormatException.class, () -> build(blob, format, tight).close());
    assertThat(refused.kind()).isEqualTo(Kind.TOO_LARGE);
    assertThat(refused).hasMessageContaining("\"f\"");
  }

  @Test
  void failsAChunkThatIsNotWhatItShouldBe() throws Exception {
    var blob = new TestBlob().file("f", random(5_000, 1), 5_000);
    try (LayerIndex index = build(blob)) {
      byte[] bad = blob.bytes();
      bad[2_000] ^= 1;
      assertThatThrownBy(() -> content(index, bad, "f")).isInstanceOf(LayerFormatException.class);
    }
  }

  @Test
  void keepsEverythingThatTarCanSay() throws Exception {
    byte[] odd = {'a', (byte) 0xFF, 'b'};
    var blob =
        new TestBlob()
            .entry("name", "./", "type", "dir", "mode", 0750)
            .entry("name", "/abs/", "type", "dir", "mode", 01777, "uid", 5)
            .file("./abs/f", random(5, 1), 10)
            .entry("name", "abs/l", "type", "hardlink", "linkName", "./abs/f")
            .entry("name", "l2", "type", "hardlink", "linkName", "/abs/l")
            .entry("name", "early", "type", "hardlink", "linkName", "late")
            .entry("name", "s", "type", "symlink", "linkName", "../x")
            .entry("name", "c", "type", "char", "devMajor", 259, "devMinor", 70_000, "mode", 0600)
            .entry("name", "b", "type", "block", "devMajor", 8, "devMinor", 1)
            .entry("name", "p", "type", "fifo", "modtime", "1960-01-01T01:00:00.5+01:00")
            .entry("name", "a\uFFFDb", "nameBytes", base64(odd), "type", "dir")
            .entry(
                "name",
                "x",
                "type",
                "dir",
                "xattrs",
                new Raw("{\"user.b\":\"AAH/\",\"security.capability\":\"AQ==\",\"user.n\":null}"))
            .file("late", random(6, 2), 10);
    try (LayerIndex index = build(blob)) {
      assertThat(inode(index, "").mode()).isEqualTo(0040750);
      assertThat(inode(index, "abs").mode()).isEqualTo(0041777);
      assertThat(inode(index, "abs").uid()).isEqualTo(5);
      assertThat(inode(index, "l2")).isEqualTo(inode(index, "abs/f"));
      assertThat(inode(index, "abs/l").nlink()).isEqualTo(3);
      assertThat(inode(index, "early")).isEqualTo(inode(index, "late"));
      assertThat(index.tree().symlinkTarget(inode(index, "s").nid())).isEqualTo(ascii("../x"));
      assertThat(inode(index, "c").mode()).isEqualTo(0020600);
      assertThat(inode(index, "c").rdev())
          .isEqualTo((70_000 & 0xFF) | 259 << 8 | (70_000 & ~0xFF) << 12);
      assertThat(inode(index, "b").rdev()).isEqualTo(0x801);
      assertThat(inode(index, "p").mtimeSeconds()).isEqualTo(-315_619_200);
      assertThat(inode(index, "p").mtimeNanos()).isEqualTo(500_000_000);
      assertThat(index.tree().lookup(index.tree().rootNid(), odd)).isPositive();
      long x = inode(index, "x").nid();
      assertThat(index.tree().xattr(x, ascii("user.b"))).containsExactly(0, 1, -1);
      assertThat(index.tree().xattr(x, ascii("user.n"))).isEmpty();
      assertThat(index.tree().xattrNames(x)).hasSize(3);
      assertThat(index.chunks().count()).isEqualTo(2);
    }
  }

  @Test
  void letsLaterEntriesReplaceEarlierOnes() throws Exception {
    byte[] last = random(20, 9);
    var blob =
        new TestBlob()
            .file("f", random(10, 1), 100)
            .file("d/x", random(10, 2), 100)
            .entry("name", "d", "type", "dir", "mode", 0700)
            .file("g/y", random(10, 3), 100)
            .file("g", random(11, 4), 100)
            .file("f", last, 100);
    try (LayerIndex index = build(blob)) {
      assertThat(content(index, blob.bytes(), "f")).isEqualTo(last);
      assertThat(inode(index, "d").mode()).isEqualTo(0040700);
      assertThat(inode(index, "d/x").sizeBytes()).isEqualTo(10);
      assertThat(inode(index, "g").sizeBytes()).isEqualTo(11);
      // Only what is still in the tree has data.
      assertThat(index.chunks().count()).isEqualTo(3);
    }
  }

  /** However a path is spelled, and whatever became of its directory since the last entry. */
  @Test
  void findsDirectoriesAsTheyAreNow() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "c/", "type", "dir")
            .file("a/b/x", random(10, 1), 100)
            .file("a/b/y", random(11, 2), 100)
            .file("a//b/./z", random(12, 3), 100)
            .file("a/b//v", random(13, 4), 100)
            .file("a/b", random(14, 5), 100)
            .entry("name", "a/b", "type", "symlink", "linkName", "/c")
            .file("a/b/x", random(15, 6), 100)
            .file("a/b/./x2", random(16, 7), 100)
            .entry("name", "a/b/deep/", "type", "dir", "mode", 0711)
            .entry("name", "a/b/deep/.", "type", "dir", "mode", 0700)
            .file("a/b/deep", random(17, 8), 100)
            .file("a/w", random(18, 9), 100);
    try (LayerIndex index = build(blob)) {
      assertThat(inode(index, "c/x").sizeBytes()).isEqualTo(15);
      assertThat(inode(index, "c/x2").sizeBytes()).isEqualTo(16);
      assertThat(inode(index, "c/deep").sizeBytes()).isEqualTo(17);
      assertThat(inode(index, "a/w").sizeBytes()).isEqualTo(18);
      assertThat(inode(index, "a/b").mode() & 0170000).isEqualTo(0120000);
      assertThat(index.chunks().count()).isEqualTo(4);
    }
  }

  @Test
  void followsSymlinksToParentsWithinTheLayer() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "usr/lib", "type", "dir")
            .entry("name", "lib", "type", "symlink", "linkName", "../../usr/lib")
            .file("lib/f", random(10, 1), 100);
    try (LayerIndex index = build(blob)) {
      assertThat(inode(index, "usr/lib/f").sizeBytes()).isEqualTo(10);
    }
    assertRefused(
        new TestBlob()
            .entry("name", "a", "type", "symlink", "linkName", "b")
            .entry("name", "b", "type", "symlink", "linkName", "a")
            .entry("name", "a/c", "type", "dir"),
        Kind.MALFORMED,
        "no directory");
  }

  /** As containerd unpacks it; overlayfs would obey a layer's own {@code trusted.overlay.*}. */
  @Test
  void leavesOutAttributesThatUnpackingLeavesOut() throws Exception {
    var xattrs =
        new Raw(
            "{\"trusted.some\":\"dA==\",\"trusted.overlay.opaque\":\"eQ==\","
                + "\"trusted.overlay.redirect\":\"L2V0Yw==\",\"user.u\":\"dQ==\","
                + "\"security.s\":\"cw==\"}");
    var blob = new TestBlob().entry("name", "./", "type", "dir", "xattrs", xattrs);
    for (String type : new String[] {"dir", "reg", "symlink", "char", "block", "fifo"}) {
      blob.entry("name", type, "type", type, "linkName", "x", "xattrs", xattrs);
    }
    blob.file("dir/.wh..wh..opq", new byte[0], 1);
    try (LayerIndex index = build(blob)) {
      for (String name : new String[] {"", "reg"}) {
        assertThat(index.tree().xattrNames(inode(index, name).nid()))
            .as(name)
            .containsExactlyInAnyOrder(ascii("user.u"), ascii("security.s"));
      }
      assertThat(index.tree().xattrNames(inode(index, "dir").nid()))
          .as("what Morsel itself sets")
          .containsExactlyInAnyOrder(
              ascii("user.u"), ascii("security.s"), ascii("trusted.overlay.opaque"));
      for (String name : new String[] {"symlink", "char", "block", "fifo"}) {
        assertThat(index.tree().xattrNames(inode(index, name).nid()))
            .as(name)
            .containsExactly(ascii("security.s"));
      }
    }
  }

  @Test
  void translatesWhiteoutsAndHidesLandmarks() throws Exception {
    var blob =
        new TestBlob()
            .file("early", random(10, 1), 100)
            .file(".prefetch.landmark", new byte[] {15}, 1)
            .file("d/.wh.gone", new byte[0], 1)
            .file("d/.wh..wh..opq", new byte[0], 1)
            .file("d/.wh..wh.plnk", new byte[0], 1)
            .file(".wh.back", new byte[0], 1)
            .entry("name", "back", "type", "dir")
            .file("stays", random(3, 2), 10)
            .file(".wh.stays", new byte[0], 1)
            .file("sub/.prefetch.landmark", new byte[] {15}, 1)
            .file("stargz.index.json", random(3, 3), 10);
    try (LayerIndex index = build(blob)) {
      assertThat(inode(index, "d/gone").mode()).isEqualTo(0020000);
      assertThat(inode(index, "d/gone").rdev()).isZero();
      for (String opaque : new String[] {"d", "back"}) {
        assertThat(index.tree().xattr(inode(index, opaque).nid(), ascii("trusted.overlay.opaque")))
            .isEqualTo(ascii("y"));
      }
      assertThat(names(index, "")).containsExactly("back", "d", "early", "stays", "sub");
      assertThat(names(index, "d")).containsExactly("gone");
      assertThat(names(index, "sub")).containsExactly(".prefetch.landmark");
      long first = index.chunks().blobOffset(0) + index.chunks().blobLength(0);
      assertThat(index.prefetchEndBytes()).hasValue(first);
    }
    blob.file(".no.prefetch.landmark", new byte[] {15}, 1);
    try (LayerIndex index = build(blob)) {
      assertThat(index.prefetchEndBytes()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':'../x','type':'dir'}",
        "{'name':'a/../x','type':'dir'}",
        "{'name':'a\\u0000b','type':'dir'}",
        "{'name':'','type':'fifo'}",
        "{'name':'x','type':'what'}",
        "{'name':'x','type':'chunk'}",
        "{'name':'x','type':'hardlink','linkName':'absent'}",
        "{'name':'x','type':'hardlink','linkName':'x'}",
        "{'name':'x','type':'hardlink','linkName':'/'}",
        "{'name':'x','type':'symlink'}",
        "{'name':'x','type':'fifo','uid':-1}",
        "{'name':'x','type':'fifo','uid':4294967296}",
        "{'name':'x','type':'fifo','uid':1.5}",
        "{'name':'x','type':'fifo','uid':99999999999999999999}",
        "{'name':'x','type':'fifo','modtime':'yesterday'}",
        "{'name':'x','type':'char','devMajor':4096}",
        "{'name':'x','type':'fifo','xattrs':{'user.a':'%'}}",
        "{'name':'.wh.','type':'reg'}",
        "{'name':'.wh...','type':'reg'}",
        "{'name':'f/x','type':'reg'}",
        "{'name':'x','type':'reg','size':-1}",
        "{'name':'x','type':'reg','size':5,'offset':0}",
        "{'name':'x','type':'reg','size':5,'offset':0,'chunkDigest':'sha256:00'}",
        "{'name':'x','type':'reg','size':5,'offset':-1,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'offset':99999,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkOffset':1,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkSize':6,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkSize':4,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkSize':-4,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'innerOffset':-4,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkDigest':'Z'}",
        "{'name':'x','type':'reg','size':5,'chunkSize':4,'chunkDigest':'D'},{'type':'chunk','chunkOffset':3,'chunkSize':2,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkSize':4,'chunkDigest':'D'},{'type':'chunk','chunkOffset':4,'chunkSize':9223372036854775807,'chunkDigest':'D'}",
        "{'name':'x','type':'reg','size':5,'chunkDigest':'D'},{'type':'chunk','chunkOffset':5,'chunkDigest':'D'}",
        "7",
        "{'name':7}",
        "{'name':'x'",
      })
  void refusesTocsThatLie(String entries) throws Exception {
    String json =
        entries
            .replace('\'', '"')
            .replace("\"D\"", '"' + sha256(new byte[1]) + '"')
            .replace("\"Z\"", "\"sha256:" + "0".repeat(64) + '"');
    var blob = new TestBlob().file("f", random(10, 1), 100);
    String good = blob.toc();
    String toc = good.substring(0, good.length() - 2) + "," + json + "]}";
    var refused =
        catchThrowableOfType(
            LayerFormatException.class,
            () ->
                LayerIndex.build(
                        new Memory(blob.bytes(toc, LayerFormat.ESTARGZ)),
                        new TocTrust.Unverified(),
                        directory,
                        LIMITS)
                    .close());
    assertThat(refused).as(json).isNotNull();
    assertThat(refused.kind()).isEqualTo(Kind.MALFORMED);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void refusesWhatExceedsTheLimits() throws Exception {
    var limits = new LayerLimits(2_000, 4, 3, 100, 10_000, 20);
    var good = new TestBlob().file("a/b/c", random(100, 1), 100);
    build(good, LayerFormat.ESTARGZ, limits).close();
    var large = new TestBlob().file("f", random(101, 1), 101);
    assertRefused(large, limits, Kind.TOO_LARGE, "101 bytes");
    var deep = new TestBlob().entry("name", "a/b/c/d", "type", "dir");
    assertRefused(deep, limits, Kind.TOO_LARGE, "4 directories deep");
    var implied =
        new TestBlob().entry("name", "a/b/c", "type", "dir").entry("name", "d/e", "type", "dir");
    assertRefused(implied, limits, Kind.TOO_LARGE, "more than 4 inodes");
    var many = new TestBlob();
    for (int i = 0; i < 5; i++) {
      many.entry("name", "a", "type", "dir");
    }
    assertRefused(many, limits, Kind.TOO_LARGE, "more than 4 entries");
    var wide = new TestBlob().file("a", random(100, 1), 100).file("b", random(9_000, 1), 100);
    assertRefused(wide, limits, Kind.TOO_LARGE, "bytes");
    var xattrs =
        new TestBlob()
            .entry(
                "name",
                "a",
                "type",
                "dir",
                "xattrs",
                new Raw("{\"user.a\":\"AAAAAAAAAAAAAAAAAAAA\"}"));
    assertRefused(xattrs, limits, Kind.TOO_LARGE, "extended attributes");
    var toc = new TestBlob().entry("name", "a", "type", "dir", "userName", "x".repeat(2_000));
    assertRefused(toc, limits, Kind.TOO_LARGE, "TOC has");
  }

  @Test
  void checksTheTocBeforeUsingIt() throws Exception {
    var blob = new TestBlob().file("f", random(10, 1), 100);
    String digest = sha256(new byte[0]);
    var refused =
        catchThrowableOfType(
            LayerFormatException.class,
            () ->
                LayerIndex.build(
                    new Memory(blob.bytes()), new TocTrust.Expected(digest), directory, LIMITS));
    assertThat(refused.kind()).isEqualTo(Kind.TOC_DIGEST_MISMATCH);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void refusesTruncatedAndPlainLayers() throws Exception {
    var blob = new TestBlob().file("f", random(10, 1), 100);
    byte[] bytes = blob.bytes();
    for (int length = 0; length < bytes.length; length += 11) {
      byte[] part = Arrays.copyOf(bytes, length);
      var refused =
          catchThrowableOfType(
              LayerFormatException.class,
              () ->
                  LayerIndex.build(new Memory(part), new TocTrust.Unverified(), directory, LIMITS));
      assertThat(refused.kind()).isEqualTo(Kind.NOT_LAZY);
    }
    // The TOC cut, with a good footer.
    byte[] cut = bytes.clone();
    Arrays.fill(cut, bytes.length - 90, bytes.length - 51, (byte) 7);
    assertThatThrownBy(
            () -> LayerIndex.build(new Memory(cut), new TocTrust.Unverified(), directory, LIMITS))
        .isInstanceOf(LayerFormatException.class);
  }

  @Test
  void needsOneRequestOrTwo() throws Exception {
    var small = new Memory(new TestBlob().file("f", random(3_000_000, 1), 1 << 20).bytes());
    LayerIndex.build(small, new TocTrust.Unverified(), directory, LIMITS).close();
    assertThat(small.requests).isEqualTo(1);
    var blob = new TestBlob();
    for (int i = 0; i < 40_000; i++) {
      blob.entry(
          "name", "f" + i, "type", "reg", "digest", sha256(new byte[] {(byte) i, (byte) (i >> 8)}));
    }
    var large = new Memory(blob.bytes());
    assertThat(large.sizeBytes()).isGreaterThan(TocSource.TAIL_BYTES);
    try (LayerIndex index =
        LayerIndex.build(large, new TocTrust.Expected(blob.tocDigest()), directory, LIMITS)) {
      assertThat(index.tree().inodeCount()).isEqualTo(40_001);
      assertThat(index.dataBytes()).isZero();
    }
    assertThat(large.requests).isEqualTo(2);
  }

  @Test
  void opensWhatItBuiltAndNothingDamaged() throws Exception {
    assertThatThrownBy(() -> LayerIndex.open(directory)).isInstanceOf(NoSuchFileException.class);
    var blob = new TestBlob().file("d/f", random(10, 1), 100);
    build(blob).close();
    try (LayerIndex index = LayerIndex.open(directory)) {
      assertThat(index.tocDigest()).isEqualTo(blob.tocDigest());
      assertThat(content(index, blob.bytes(), "d/f")).isEqualTo(random(10, 1));
    }
    Path chunks = directory.resolve(LayerIndex.CHUNKS_FILE);
    byte[] good = Files.readAllBytes(chunks);
    for (int at = 0; at < good.length; at++) {
      if (at >= 96 && at < 128) {
        continue;
      }
      byte[] bad = good.clone();
      bad[at] ^= 4;
      Files.write(chunks, bad);
      assertThatThrownBy(() -> LayerIndex.open(directory)).isInstanceOf(LayerFormatException.class);
    }
    Files.write(chunks, Arrays.copyOf(good, good.length - 1));
    assertThatThrownBy(() -> LayerIndex.open(directory)).isInstanceOf(LayerFormatException.class);
    Files.delete(chunks);
    assertThatThrownBy(() -> LayerIndex.open(directory)).isInstanceOf(NoSuchFileException.class);
  }

  private LayerIndex build(TestBlob blob) throws IOException {
    return build(blob, LayerFormat.ESTARGZ, LIMITS);
  }

  private LayerIndex build(TestBlob blob, LayerFormat format, LayerLimits limits)
      throws IOException {
    return LayerIndex.build(
        new Memory(blob.bytes(blob.toc(), format)),
        new TocTrust.Expected(blob.tocDigest()),
        directory,
        limits);
  }

  private void assertRefused(TestBlob blob, Kind kind, String message) {
    assertRefused(blob, LIMITS, kind, message);
  }

  private void assertRefused(TestBlob blob, LayerLimits limits, Kind kind, String message) {
    var refused =
        catchThrowableOfType(
            LayerFormatException.class, () -> build(blob, LayerFormat.ESTARGZ, limits).close());
    assertThat(refused).as(message).isNotNull();
    assertThat(refused.kind()).isEqualTo(kind);
    assertThat(refused).hasMessageContaining(message);
  }

  private static ErofsInode inode(LayerIndex index, String path) throws IOException {
    long nid = index.tree().rootNid();
    for (String part : path.split("/", -1)) {
      nid = part.isEmpty() ? nid : index.tree().lookup(nid, ascii(part));
      assertThat(nid).as(path).isPositive();
    }
    return index.tree().inode(nid);
  }

  private static java.util.List<String> names(LayerIndex index, String path) throws IOException {
    var names = new java.util.ArrayList<String>();
    index
        .tree()
        .list(
            inode(index, path).nid(),
            0,
            (name, nid, type, next) -> names.add(new String(name, StandardCharsets.UTF_8)));
    names.removeAll(java.util.List.of(".", ".."));
    return names;
  }

  /** A file's bytes, put together from its chunks. */
  static byte[] content(LayerIndex index, byte[] blob, String path) throws IOException {
    return content(index, blob, inode(index, path));
  }

  static byte[] content(LayerIndex index, byte[] blob, ErofsInode inode) throws IOException {
    var content = new ByteArrayOutputStream();
    ChunkTable chunks = index.chunks();
    long end = inode.dataOffset() + inode.sizeBytes();
    if (inode.sizeBytes() == 0) {
      return new byte[0];
    }
    for (int i = chunks.firstEndingAfter(inode.dataOffset());
        i < chunks.count() && chunks.dataOffset(i) < end;
        i++) {
      assertThat(chunks.dataOffset(i)).isEqualTo(inode.dataOffset() + content.size());
      ByteBuffer out = ByteBuffer.allocate(chunks.dataLength(i));
      ByteBuffer in =
          ByteBuffer.wrap(blob, (int) chunks.blobOffset(i), (int) chunks.blobLength(i)).slice();
      index.decoder().decode(i, in, out);
      content.writeBytes(out.array());
    }
    return content.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
