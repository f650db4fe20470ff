package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.stargz.erofs.ErofsInode;
import io.morsel.stargz.erofs.Posix;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A tree on the disk, tarred by GNU tar, converted by the writer, and read through the index. */
final class WriterToIndexTest {
  private static final String TREE =
      """
      set -e; cd "$1"; umask 022
      mkdir -p tree/a/b tree/sticky tree/empty; chmod 1777 tree/sticky; chmod 0711 tree
      head -c 300000 /dev/urandom > tree/a/large; : > tree/none; echo text > tree/a/b/small
      truncate -s 200000 tree/sparse; printf end >> tree/sparse
      ln tree/a/large tree/a/b/same; ln -s ../../x tree/a/link; ln tree/a/link tree/linked-link
      chmod 6755 tree/a/b/small; touch -d '1969-12-31T23:59:59.123456789Z' tree/a/b/small
      chown 70000:4294967000 tree/a/large 2>/dev/null || true
      mkfifo -m 600 tree/fifo; mknod tree/char c 259 70000; mknod tree/block b 7 1
      printf 'x' > "$(printf 'tree/\\377\\376')"; ln -s "$(printf '\\370')" tree/odd-link
      : > "tree/$(printf '%0255d' 0)"
      setfattr -n user.binary -v 0x00ff01 tree/a/b/small 2>/dev/null || true
      setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 tree/none || true
      tar --format=posix --xattrs --xattrs-include='*' -C tree -cf layer.tar .
      """;

  @TempDir Path directory;

  private final Map<Long, Long> inodes = new HashMap<>();

  @ParameterizedTest
  @CsvSource({"ESTARGZ,4194304,0", "ESTARGZ,10000,0", "ESTARGZ,10000,100000", "STARGZ,100000,0"})
  void readsWhatTheWriterWrites(LayerFormat format, int chunkBytes, int minMemberBytes)
      throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root, to make devices");
    Process shell =
        new ProcessBuilder("/bin/sh", "-c", TREE, "sh", directory.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(shell.waitFor()).as(output).isZero();

    var blob = new ByteArrayOutputStream();
    EstargzLayer layer;
    try (var compressors = Executors.newFixedThreadPool(2);
        var tar = Files.newInputStream(directory.resolve("layer.tar"))) {
      var options =
          new EstargzOptions(format, chunkBytes, minMemberBytes, 1, List.of(), LayerLimits.DEFAULT);
      layer =
          new EstargzWriter(options, compressors, directory).write(tar, blob, (done, total) -> {});
    }
    Path indexes = Files.createDirectory(directory.resolve("index"));
    try (LayerIndex index =
            LayerIndex.build(
                new TestBlob.Memory(blob.toByteArray()),
                new TocTrust.Expected(layer.tocDigest()),
                indexes,
                LayerLimits.DEFAULT);
        var posix = new Posix()) {
      assertThat(index.format()).isEqualTo(format);
      compare(
          posix,
          directory.resolve("tree").toString().getBytes(StandardCharsets.UTF_8),
          index,
          index.tree().rootNid(),
          blob.toByteArray());
    }
  }

  private void compare(Posix posix, byte[] path, LayerIndex index, long nid, byte[] blob)
      throws IOException {
    String title = new String(path, StandardCharsets.ISO_8859_1);
    Posix.Stat stat = posix.stat(path);
    ErofsInode inode = index.tree().inode(nid);
    assertThat(inode.mode()).as(title).isEqualTo(stat.mode());
    assertThat(inode.uid()).as(title).isEqualTo(stat.uid());
    assertThat(inode.gid()).as(title).isEqualTo(stat.gid());
    assertThat(inode.nlink()).as(title).isEqualTo(stat.nlink());
    assertThat(inode.rdev()).as(title).isEqualTo(stat.rdev());
    assertThat(inode.mtimeSeconds()).as(title).isEqualTo(stat.mtimeSeconds());
    assertThat(inode.mtimeNanos()).as(title).isEqualTo(stat.mtimeNanos());
    Long same = inodes.putIfAbsent(stat.ino(), nid);
    assertThat(same == null ? nid : same).as(title).isEqualTo(nid);
    assertThat(index.tree().xattrNames(nid))
        .as(title)
        .containsExactlyInAnyOrderElementsOf(posix.xattrNames(path));
    for (byte[] name : posix.xattrNames(path)) {
      assertThat(index.tree().xattr(nid, name)).as(title).isEqualTo(posix.xattr(path, name));
    }
    switch (stat.mode() & 0170000) {
      case 0100000 -> {
        assertThat(inode.sizeBytes()).as(title).isEqualTo(stat.size());
        assertThat(LayerIndexTest.content(index, blob, inode))
            .as(title)
            .isEqualTo(stat.size() == 0 ? new byte[0] : posix.read(path, 0, (int) stat.size()));
      }
      case 0120000 ->
          assertThat(index.tree().symlinkTarget(nid)).as(title).isEqualTo(posix.readlink(path));
      case 0040000 -> {
        List<byte[]> names = posix.list(path);
        assertThat(index.tree().lookup(nid, new byte[] {'.', 'p'})).isEqualTo(-1);
        int[] count = {0};
        index
            .tree()
            .list(
                nid,
                0,
                (name, child, type, next) -> {
                  count[0]++;
                  return true;
                });
        assertThat(count[0]).as(title).isEqualTo(names.size());
        for (byte[] name : names) {
          if (!Arrays.equals(name, new byte[] {'.'})
              && !Arrays.equals(name, new byte[] {'.', '.'})) {
            long child = index.tree().lookup(nid, name);
            assertThat(child).as(title).isPositive();
            compare(posix, Posix.join(path, name), index, child, blob);
          }
        }
      }
      default -> {}
    }
  }
}
