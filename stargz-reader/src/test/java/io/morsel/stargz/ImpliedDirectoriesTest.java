package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.TestBlob.Memory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which directories an index remembers as implied. */
final class ImpliedDirectoriesTest {
  @TempDir Path directory;

  @Test
  void rootIsImpliedUnlessItIsDescribed() throws Exception {
    assertThat(implied(new TestBlob())).containsExactly("/");
    assertThat(implied(new TestBlob().entry("name", "./", "type", "dir"))).isEmpty();
    assertThat(implied(new TestBlob().entry("name", "d", "type", "dir"))).containsExactly("/");
  }

  @Test
  void describedOnesAreNot() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "/", "type", "dir")
            .entry("name", "a/b/c", "type", "fifo")
            .entry("name", "a", "type", "dir", "mode", 0700)
            .entry("name", "x/y/z", "type", "dir")
            .entry("name", "gone/f", "type", "fifo")
            .entry("name", "gone", "type", "fifo")
            .entry("name", "d", "type", "dir");
    assertThat(implied(blob)).containsExactly("/a/b", "/x", "/x/y");
  }

  @Test
  void ancestorsAreListedToo() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "./", "type", "dir")
            .entry("name", "a", "type", "dir")
            .entry("name", "a/b/f", "type", "fifo")
            .entry("name", "z", "type", "dir");
    assertThat(listed(blob)).containsExactly("0 / false", "1 /a false", "2 /a/b true");
  }

  @Test
  void parentsOfWhiteoutsAndBehindSymlinksAreImplied() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "lib", "type", "symlink", "linkName", "usr/lib")
            .entry("name", "lib/x/f", "type", "fifo")
            .file("w/.wh.gone", new byte[0], 1)
            .file("o/.wh..wh..opq", new byte[0], 1);
    assertThat(implied(blob)).containsExactly("/", "/o", "/usr", "/usr/lib", "/usr/lib/x", "/w");
  }

  /** Such a directory has nothing to do with what the layers below have there. */
  @Test
  void directoryThatReplacesWhatAWhiteoutHidesIsOpaqueAndNotImplied() throws Exception {
    var blob =
        new TestBlob()
            .entry("name", "/", "type", "dir")
            .file(".wh.before", new byte[0], 1)
            .entry("name", "before/in/f", "type", "fifo")
            .entry("name", "after/f", "type", "fifo")
            .file(".wh.after", new byte[0], 1);
    assertThat(implied(blob)).containsExactly("/before/in");
    try (LayerIndex index = LayerIndex.open(directory)) {
      for (String name : List.of("before", "after")) {
        long nid = index.tree().lookup(index.tree().rootNid(), utf8(name));
        assertThat(index.tree().inode(nid).mode()).isEqualTo(0040755);
        assertThat(index.tree().xattr(nid, utf8("trusted.overlay.opaque"))).isEqualTo(utf8("y"));
      }
    }
  }

  @Test
  void namesNeedNotBeText() throws Exception {
    byte[] path = {(byte) 0xFF, '/', 'f'};
    var blob =
        new TestBlob()
            .entry("name", "?/f", "nameBytes", TestBlob.base64(path), "type", "fifo")
            .entry("name", "n".repeat(255) + "/f", "type", "fifo");
    try (LayerIndex index = build(blob)) {
      List<byte[]> names = new ArrayList<>();
      index
          .impliedDirectories()
          .forEach(
              (depth, name, nid, implied) -> {
                names.add(name);
                if (depth > 0) {
                  assertThat(index.tree().lookup(index.tree().rootNid(), name)).isEqualTo(nid);
                }
              });
      assertThat(names).containsExactly(new byte[0], utf8("n".repeat(255)), new byte[] {-1});
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void areThoseWithoutAnEntryOfTheirOwn(long seed) throws Exception {
    var random = new Random(seed);
    var blob = new TestBlob();
    var described = new TreeSet<String>();
    var all = new TreeSet<String>(List.of("/"));
    for (int i = random.nextInt(300); i > 0; i--) {
      var path = new StringBuilder();
      for (int depth = random.nextInt(1, 12); depth > 0; depth--) {
        path.append("/d").append(random.nextInt(3));
        all.add(path.toString());
      }
      described.add(path.toString());
      blob.entry("name", path.toString(), "type", "dir");
    }
    all.removeAll(described);
    assertThat(implied(blob)).as("seed %d", seed).containsExactlyElementsOf(all);
  }

  @Test
  void deepestTreeIsListed() throws Exception {
    var blob = new TestBlob().entry("name", "d/".repeat(1_023) + "f", "type", "fifo");
    assertThat(implied(blob)).hasSize(1_024);
  }

  @Test
  void listOfAnotherShapeIsRefused() throws Exception {
    String root = "0100000000000000" + "00000000" + "01" + "00";
    String child = "0200000000000000" + "01000000" + "01" + "01" + "61";
    visit(root + child);
    for (String bad :
        List.of(
            child,
            root + root,
            root + child.substring(0, 28),
            root + child.substring(0, 20),
            root + "0200000000000000" + "02000000" + "01" + "01" + "61",
            root + "0200000000000000" + "ffffffff" + "01" + "01" + "61",
            root + "0200000000000000" + "01000000" + "01" + "00")) {
      assertThatThrownBy(() -> visit(bad)).as(bad).isInstanceOf(LayerFormatException.class);
    }
  }

  @Test
  void indexOfTheVersionBeforeIsRefused() throws Exception {
    build(new TestBlob().entry("name", "d", "type", "dir")).close();
    Path chunks = directory.resolve(LayerIndex.CHUNKS_FILE);
    byte[] bytes = Files.readAllBytes(chunks);
    bytes[8] = 1;
    var crc = new CRC32C();
    crc.update(bytes, 0, 80);
    java.nio.ByteBuffer.wrap(bytes)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(80, (int) crc.getValue());
    Files.write(chunks, java.util.Arrays.copyOf(bytes, 128));
    assertThatThrownBy(() -> LayerIndex.open(directory))
        .isInstanceOf(LayerFormatException.class)
        .hasMessageContaining("version 1 is unknown");
  }

  private void visit(String hex) throws IOException {
    byte[] bytes = HexFormat.of().parseHex(hex);
    new ImpliedDirectories(directory, java.lang.foreign.MemorySegment.ofArray(bytes))
        .forEach((depth, name, nid, implied) -> {});
  }

  private LayerIndex build(TestBlob blob) throws IOException {
    return LayerIndex.build(
        new Memory(blob.bytes()),
        new TocTrust.Expected(blob.tocDigest()),
        directory,
        LayerLimits.DEFAULT);
  }

  private List<String> implied(TestBlob blob) throws IOException {
    return listed(blob).stream()
        .filter(line -> line.endsWith(" true"))
        .map(line -> line.split(" ", -1)[1])
        .sorted()
        .toList();
  }

  /** Depth, path, and whether implied; as read again from the disk. */
  private List<String> listed(TestBlob blob) throws IOException {
    build(blob).close();
    List<String> lines = new ArrayList<>();
    List<String> above = new ArrayList<>();
    List<Long> nids = new ArrayList<>();
    try (LayerIndex index = LayerIndex.open(directory)) {
      index
          .impliedDirectories()
          .forEach(
              (depth, name, nid, implied) -> {
                String text = new String(name, StandardCharsets.UTF_8);
                above.subList(depth, above.size()).clear();
                nids.subList(depth, nids.size()).clear();
                above.add(text);
                nids.add(nid);
                if (depth == 0) {
                  assertThat(nid).isEqualTo(index.tree().rootNid());
                } else {
                  assertThat(index.tree().lookup(nids.get(depth - 1), name)).isEqualTo(nid);
                }
                String path = depth == 0 ? "/" : String.join("/", above);
                lines.add(depth + " " + path + " " + implied);
              });
      assertThat(index.impliedDirectories().isEmpty()).isEqualTo(lines.isEmpty());
    }
    return lines;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
