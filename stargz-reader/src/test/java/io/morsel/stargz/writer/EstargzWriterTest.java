package io.morsel.stargz.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EstargzWriterTest {
  private static final EstargzOptions SMALL_CHUNKS =
      new EstargzOptions(LayerFormat.ESTARGZ, 1_000, 0, 6, List.of(), LayerLimits.DEFAULT);

  private final ExecutorService compressors = Executors.newFixedThreadPool(3);
  @TempDir Path scratch = Path.of("");

  private static final class Result {
    private final EstargzLayer layer;
    private final byte[] blob;

    Result(EstargzLayer layer, byte[] blob) {
      this.layer = layer;
      this.blob = blob;
    }

    EstargzLayer layer() {
      return layer;
    }

    byte[] blob() {
      return blob;
    }
  }

  @AfterEach
  void stop() {
    compressors.shutdownNow();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void keepsEveryEntryOfARandomLayer(long seed) throws Exception {
    Random random = new Random(seed);
    RandomLayer layer = RandomLayer.of(random);
    int minMember = random.nextBoolean() ? 0 : random.nextInt(20_000);
    EstargzOptions options =
        new EstargzOptions(
            seed % 3 == 0 ? LayerFormat.STARGZ : LayerFormat.ESTARGZ,
            1 + random.nextInt(10_000),
            minMember,
            random.nextInt(10),
            List.of(),
            LayerLimits.DEFAULT);

    Result result = write(options, layer.tar());

    check(result, options.format(), layer.entries(), layer.contents());
    assertThat(write(options, layer.tar()).blob()).as("seed %d", seed).isEqualTo(result.blob());
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void readsGzipAndZstdAndItsOwnOutputLikeThePlainTar() throws Exception {
    RandomLayer layer = RandomLayer.of(new Random(100));
    Result plain = write(SMALL_CHUNKS, layer.tar());
    var gzip = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(gzip)) {
      out.write(layer.tar());
    }

    assertThat(write(SMALL_CHUNKS, gzip.toByteArray()).blob()).isEqualTo(plain.blob());
    assertThat(write(SMALL_CHUNKS, com.github.luben.zstd.Zstd.compress(layer.tar())).blob())
        .isEqualTo(plain.blob());
    assertThat(write(SMALL_CHUNKS, plain.blob()).blob()).isEqualTo(plain.blob());
  }

  @Test
  void putsPrioritizedFilesFirstWithParentsAndLinkTargets() throws Exception {
    TarBuilder tar =
        new TarBuilder()
            .directory("./")
            .directory("./a/")
            .file("./a/other", 10)
            .file("./target", 20)
            .directory("./b/")
            .directory("./b/c/")
            .hardLink("./b/c/link", "./target")
            .file("./b/c/first", 30)
            .symlink("./z", "a");
    EstargzOptions options = prioritized("/b/c/first", "b/c/link", "../x", "nope", "/z");

    Result result = write(options, tar.bytes());

    assertThat(new StargzFile(result.blob(), 51).names())
        .containsExactly(
            "./",
            "./b/",
            "./b/c/",
            "./b/c/first",
            "./target",
            "./b/c/link",
            "./z",
            ".prefetch.landmark",
            "./a/",
            "./a/other");
    assertThat(result.layer().missingPrioritizedFiles()).containsExactly("../x", "nope");
    StargzFile file = new StargzFile(result.blob(), 51);
    long landmark = StargzFile.number(file.entry(".prefetch.landmark"), "offset");
    assertThat(StargzFile.number(file.entry("./target"), "offset")).isBetween(1L, landmark - 1);
    assertThat(StargzFile.number(file.entry("./a/other"), "offset")).isGreaterThan(landmark);
  }

  @Test
  void laterEntriesReplaceEarlierOnes() throws Exception {
    TarBuilder tar =
        new TarBuilder()
            .file("a", 10)
            .hardLink("b", "a")
            .hardLink("c", "./a")
            .file("/a", 11)
            .hardLink("a", "a")
            .directory("d/")
            .file("d/x", 12)
            .hardLink("y", "d/x")
            .file("d", 13)
            .directory("e")
            .file("e/f", 14)
            .directory("e/");

    StargzFile file = new StargzFile(write(SMALL_CHUNKS, tar.bytes()).blob(), 51);

    assertThat(file.names())
        .containsExactly(".no.prefetch.landmark", "b", "c", "/a", "y", "d", "e/", "e/f");
    assertThat(file.entry("b")).containsEntry("type", "reg").containsEntry("size", 10L);
    assertThat(file.entry("c")).containsEntry("type", "hardlink").containsEntry("linkName", "b");
    assertThat(file.entry("y")).containsEntry("type", "reg").containsEntry("size", 12L);
    assertThat(file.entry("d")).containsEntry("type", "reg").containsEntry("size", 13L);
  }

  @Test
  void keepsNamesThatAreNotUtf8AndNanoseconds() throws Exception {
    String name = "caf\u00e9/\u00ff" + "x".repeat(150);
    TarEntry plain = TarEntry.file(name, 0644, 0);
    TarEntry entry =
        new TarEntry(
            TarType.SYMLINK,
            plain.name(),
            "\u00fe\u00ff",
            04755,
            5_000_000,
            6_000_000,
            "",
            "",
            -1,
            999_999_999,
            0,
            0,
            Map.of("user.x", "\u0000\u00ff\n=", "security.capability", ""),
            Map.of(),
            0,
            plain.holes());
    Result result = write(SMALL_CHUNKS, new TarBuilder().add(entry, new byte[0]).bytes());

    check(result, LayerFormat.ESTARGZ, List.of(entry), List.of(new byte[0]));
    Map<String, Object> toc = new StargzFile(result.blob(), 51).entries().get(1);
    assertThat(toc)
        .containsEntry("modtime", "1969-12-31T23:59:59.999999999Z")
        .containsEntry("linkNameBytes", "/v8=")
        .containsEntry("mode", 04755L)
        .containsEntry("uid", 5_000_000L)
        .containsKey("nameBytes");
    assertThat((String) toc.get("name")).startsWith("caf\ufffd/");
    assertThat(toc.get("xattrs"))
        .isEqualTo(Map.of("user.x", "AP8KPQ==", "security.capability", ""));
  }

  @Test
  void fillsTheHolesOfSparseFiles() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/tar")), "tar is not installed");
    String shell =
        """
        set -e; cd "$1"; truncate -s 900000 sparse
        for at in 3 70 71 130 200; do printf "part-$at" | dd of=sparse bs=4096 seek=$at conv=notrunc
        done 2> dd.log; tar --sparse --format=posix -cf sparse.tar sparse
        """;
    Path directory = Files.createTempDirectory(scratch, "sparse");
    assertThat(
            new ProcessBuilder("/bin/sh", "-c", shell, "sh", directory.toString())
                .start()
                .waitFor())
        .isZero();
    byte[] tar = Files.readAllBytes(directory.resolve("sparse.tar"));
    assertThat(tar.length).isLessThan(200_000);

    Result result = write(SMALL_CHUNKS, tar);

    StargzFile file = new StargzFile(result.blob(), 51);
    assertThat(file.files().getLast()).isEqualTo(Files.readAllBytes(directory.resolve("sparse")));
    assertThat(StargzFile.number(file.entry("sparse"), "size")).isEqualTo(900_000);
  }

  @Test
  void stopsWhenInterruptedAndLeavesNothingBehind() {
    byte[] tar = RandomLayer.of(new Random(9)).tar();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> write(SMALL_CHUNKS, tar)).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void refusesWhatIsNoLayerAndLeavesNothingBehind() throws Exception {
    byte[] tar = RandomLayer.of(new Random(7)).tar();
    assertThatThrownBy(() -> write(SMALL_CHUNKS, Arrays.copyOf(tar, tar.length / 2 | 1)))
        .isInstanceOf(LayerFormatException.class)
        .hasMessageContaining("cut off");
    assertThatThrownBy(() -> write(SMALL_CHUNKS, new TarBuilder().file("a/../../b", 1).bytes()))
        .isInstanceOf(LayerFormatException.class)
        .hasMessageContaining("out of the layer");
    LayerLimits tight = new LayerLimits(100, 3, 10, 64 << 20, 50, 100);
    EstargzOptions options = new EstargzOptions(LayerFormat.ESTARGZ, 10, 0, 6, List.of(), tight);
    assertThatThrownBy(() -> write(options, new TarBuilder().file("a", 51).bytes()))
        .isInstanceOf(LayerFormatException.class)
        .hasMessageContaining("more than");
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void writesTheEmptyLayer() throws Exception {
    Result result = write(EstargzOptions.DEFAULT, new byte[1024]);
    check(result, LayerFormat.ESTARGZ, List.of(), List.of());
  }

  private static EstargzOptions prioritized(String... paths) {
    return new EstargzOptions(
        LayerFormat.ESTARGZ, 4 << 20, 0, 6, List.of(paths), LayerLimits.DEFAULT);
  }

  private Result write(EstargzOptions options, byte[] input) throws IOException {
    var blob = new ByteArrayOutputStream();
    var layer =
        new EstargzWriter(options, compressors, scratch)
            .write(new ByteArrayInputStream(input), blob, (done, total) -> {});
    return new Result(layer, blob.toByteArray());
  }

  /** The blob says the same by its tar, by its TOC and chunks, and by what the writer returned. */
  private static void check(
      Result result, LayerFormat format, List<TarEntry> entries, List<byte[]> contents)
      throws Exception {
    EstargzLayer layer = result.layer();
    assertThat(layer.sizeBytes()).isEqualTo(result.blob().length);
    assertThat(layer.digest()).isEqualTo(digest(result.blob()));
    byte[] tar = StargzFile.gunzip(result.blob());
    assertThat(layer.uncompressedBytes()).isEqualTo(tar.length);
    assertThat(layer.diffId()).isEqualTo(digest(tar));

    boolean estargz = format == LayerFormat.ESTARGZ;
    List<TarEntry> wantedEntries = new ArrayList<>(entries);
    List<byte[]> wantedContents = new ArrayList<>(contents);
    if (estargz) {
      wantedEntries.addFirst(TarEntry.file(".no.prefetch.landmark", 0444, 1));
      wantedContents.addFirst(new byte[] {0xf});
    }
    StargzFile file = new StargzFile(result.blob(), estargz ? 51 : 47);
    assertThat(layer.tocDigest()).isEqualTo(digest(file.tocJson()));

    List<TarEntry> foundEntries = new ArrayList<>();
    List<byte[]> foundContents = new ArrayList<>();
    TarReader reader = new TarReader(new ByteArrayInputStream(tar));
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      var content = new ByteArrayOutputStream();
      reader.copyTo(content);
      foundEntries.add(entry);
      foundContents.add(content.toByteArray());
    }
    assertThat(foundEntries.removeLast().name()).isEqualTo("stargz.index.json");
    assertThat(foundContents.removeLast()).isEqualTo(file.tocJson());
    assertThat(foundEntries).isEqualTo(wantedEntries);
    assertThat(foundContents).usingElementComparator(Arrays::compare).isEqualTo(wantedContents);

    List<byte[]> regular = new ArrayList<>();
    for (int i = 0; i < wantedEntries.size(); i++) {
      if (wantedEntries.get(i).type() == TarType.REGULAR) {
        regular.add(wantedContents.get(i));
        assertThat(file.entry(io.morsel.stargz.tar.ByteStrings.text(wantedEntries.get(i).name())))
            .containsEntry("digest", digest(wantedContents.get(i)));
      }
    }
    assertThat(file.files()).usingElementComparator(Arrays::compare).isEqualTo(regular);
    for (Map<String, Object> entry : file.entries()) {
      if (StargzFile.number(entry, "offset") > 0) {
        assertThat(entry.containsKey("chunkDigest")).isEqualTo(estargz);
      }
    }
  }

  private static String digest(byte[] bytes) {
    return Hashes.spelled(Hashes.sha256().digest(bytes));
  }

  /** Composes a tar of entries with content. */
  private static final class TarBuilder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    TarBuilder add(TarEntry entry, byte[] content) {
      TarHeaders.write(entry, out);
      out.writeBytes(content);
      out.writeBytes(new byte[TarHeaders.padding(content.length)]);
      return this;
    }

    TarBuilder file(String name, int size) {
      return add(TarEntry.file(name, 0644, size), new byte[size]);
    }

    TarBuilder directory(String name) {
      return add(typed(TarType.DIRECTORY, name, ""), new byte[0]);
    }

    TarBuilder symlink(String name, String target) {
      return add(typed(TarType.SYMLINK, name, target), new byte[0]);
    }

    TarBuilder hardLink(String name, String target) {
      return add(typed(TarType.HARD_LINK, name, target), new byte[0]);
    }

    private static TarEntry typed(TarType type, String name, String link) {
      TarEntry file = TarEntry.file(name, 0755, 0);
      return new TarEntry(
          type,
          name,
          link,
          0755,
          0,
          0,
          "root",
          "root",
          1_700_000_000L,
          0,
          0,
          0,
          Map.of(),
          Map.of(),
          0,
          file.holes());
    }

    byte[] bytes() {
      out.writeBytes(new byte[TarHeaders.END_BYTES]);
      return out.toByteArray();
    }
  }

  /** A layer of entries of all kinds, made up from a seed. */
  private record RandomLayer(List<TarEntry> entries, List<byte[]> contents) {
    private static final List<TarType> TYPES = List.of(TarType.values());

    static RandomLayer of(Random random) {
      List<TarEntry> entries = new ArrayList<>();
      List<byte[]> contents = new ArrayList<>();
      int count = 1 + random.nextInt(60);
      for (int i = 0; i < count; i++) {
        TarType type = TYPES.get(random.nextInt(TYPES.size()));
        if (random.nextBoolean() || (type == TarType.HARD_LINK && i == 0)) {
          type = TarType.REGULAR;
        }
        int size = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << random.nextInt(16));
        byte[] content = new byte[type == TarType.REGULAR ? size : 0];
        for (int at = 0; at < content.length; at++) {
          content[at] = (byte) random.nextInt(7);
        }
        entries.add(entry(random, i, type, content.length));
        contents.add(content);
      }
      return new RandomLayer(entries, contents);
    }

    private static TarEntry entry(Random random, int number, TarType type, int size) {
      String name = name(random) + number + (type == TarType.DIRECTORY ? "/" : "");
      Map<String, String> xattrs = new LinkedHashMap<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        xattrs.put("user." + i, name(random));
      }
      return new TarEntry(
          type,
          name,
          type.isLink() ? name(random) : "",
          random.nextInt(010000),
          random.nextLong(1L << (1 + random.nextInt(32))),
          random.nextLong(1L << (1 + random.nextInt(32))),
          random.nextBoolean() ? "" : "user" + random.nextInt(5),
          random.nextBoolean() ? "" : "g".repeat(1 + random.nextInt(50)),
          random.nextLong(1L << (1 + random.nextInt(40))) - (1L << random.nextInt(40)),
          random.nextBoolean() ? 0 : random.nextInt(1_000_000_000),
          type.isDevice() ? random.nextInt(1 << 21) : 0,
          type.isDevice() ? random.nextInt(1 << 24) : 0,
          xattrs,
          random.nextInt(5) == 0 ? Map.of("atime", "12.5") : Map.of(),
          size,
          io.morsel.stargz.tar.SparseMap.NONE);
    }

    /** Bytes of any value but zero and slash, in components of any length that a disk has. */
    private static String name(Random random) {
      StringBuilder name = new StringBuilder();
      for (int depth = random.nextInt(3); depth >= 0; depth--) {
        int length = 1 + random.nextInt(1 << random.nextInt(8));
        for (int i = 0; i < length; i++) {
          int max = random.nextInt(50) == 0 ? 256 : 'z' + 1;
          name.append((char) random.nextInt('a', max));
        }
        name.append(depth == 0 ? "" : "/");
      }
      return name.toString();
    }

    byte[] tar() {
      TarBuilder builder = new TarBuilder();
      for (int i = 0; i < entries.size(); i++) {
        builder.add(entries.get(i), contents.get(i));
      }
      return builder.bytes();
    }
  }
}
