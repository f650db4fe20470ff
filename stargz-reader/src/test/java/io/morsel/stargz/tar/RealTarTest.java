package io.morsel.stargz.tar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads what GNU tar wrote, in all its formats. */
final class RealTarTest {
  private static final Path TAR = Path.of("/usr/bin/tar");
  private static final Instant TIME = Instant.parse("2021-02-03T04:05:06.123456789Z");
  private static final String LONG_NAME = "d".repeat(90) + "/" + "f".repeat(200);
  private static final long HOLE = 3_000_000;

  @TempDir Path directory = Path.of("");
  private Path tree = Path.of("");

  private record Found(TarEntry entry, String content) {}

  @BeforeEach
  void makeTree() throws IOException {
    Assumptions.assumeTrue(Files.isExecutable(TAR), "tar is not installed");
    tree = Files.createDirectories(directory.resolve("tree"));
    byte[] content = new byte[70_000];
    new Random(1).nextBytes(content);
    Files.write(tree.resolve("file"), content);
    Files.createLink(tree.resolve("hard"), tree.resolve("file"));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("t".repeat(80)));
    Files.createDirectory(tree.resolve("empty"));
    Files.setLastModifiedTime(tree.resolve("file"), FileTime.from(TIME));
  }

  @ParameterizedTest
  @ValueSource(strings = {"v7", "oldgnu", "gnu", "ustar", "posix"})
  void readsFilesLinksAndDirectories(String format) throws Exception {
    Map<String, Found> entries = tar("--format=" + format, "--owner=someone:1234");

    assertThat(entries.keySet()).contains("./", "./empty/", "./file", "./hard", "./link");
    assertThat(get(entries, "./").entry().type()).isEqualTo(TarType.DIRECTORY);
    TarEntry link = get(entries, "./link").entry();
    assertThat(link.type()).isEqualTo(TarType.SYMLINK);
    assertThat(link.linkName()).isEqualTo("t".repeat(80));
    List<Found> files = List.of(get(entries, "./file"), get(entries, "./hard"));
    assertThat(files).map(found -> found.entry().type()).contains(TarType.HARD_LINK);
    Found regular =
        files.stream().filter(f -> f.entry().type() == TarType.REGULAR).findFirst().orElseThrow();
    assertThat(regular.content())
        .isEqualTo(ByteStrings.of(Files.readAllBytes(tree.resolve("file"))));
    assertThat(regular.entry().userId()).isEqualTo(1234);
    assertThat(regular.entry().userName()).isEqualTo(format.equals("v7") ? "" : "someone");
    assertThat(regular.entry().mode()).isEqualTo(0644);
    assertThat(regular.entry().mtimeSeconds()).isEqualTo(TIME.getEpochSecond());
    assertThat(regular.entry().mtimeNanos()).isEqualTo(format.equals("posix") ? TIME.getNano() : 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"oldgnu", "gnu", "posix"})
  void readsLongNamesAndBigNumbers(String format) throws Exception {
    Path file = tree.resolve(LONG_NAME);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, "long");
    Path target = Path.of("t".repeat(300));
    Files.createSymbolicLink(tree.resolve("long-link"), target);

    Map<String, Found> entries =
        tar("--format=" + format, "--owner=:4000000000", "--group=:3000000", "--mtime=@-100.5");

    Found found = get(entries, "./" + LONG_NAME);
    assertThat(found.content()).isEqualTo("long");
    assertThat(found.entry().userId()).isEqualTo(4_000_000_000L);
    assertThat(found.entry().groupId()).isEqualTo(3_000_000);
    assertThat(found.entry().mtimeSeconds()).isEqualTo(-101);
    assertThat(found.entry().mtimeNanos()).isEqualTo(format.equals("posix") ? 500_000_000 : 0);
    assertThat(get(entries, "./long-link").entry().linkName()).isEqualTo(target.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=oldgnu",
        "--format=gnu",
        "--sparse-version=0.0",
        "--sparse-version=0.1",
        "--sparse-version=1.0"
      })
  void readsSparseFiles(String option) throws Exception {
    Path file = tree.resolve("sparse");
    ByteBuffer content = ByteBuffer.allocate(10_000);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      // More parts than the first header of any format holds.
      for (int part = 1; part <= 60; part++) {
        new Random(part).nextBytes(content.clear().array());
        channel.write(content, part * HOLE);
      }
      // A hole at the end.
      channel.write(ByteBuffer.wrap(new byte[1]), 61 * HOLE);
    }

    List<String> options = new ArrayList<>(List.of("--sparse", option));
    if (option.startsWith("--sparse-version")) {
      options.add("--format=posix");
    }
    Found found = get(tar(options.toArray(String[]::new)), "./sparse");

    TarEntry entry = found.entry();
    Assumptions.assumeTrue(entry.holes().isSparse(), "the file system keeps no holes");
    assertThat(entry.sizeBytes()).isEqualTo(Files.size(file));
    assertThat(entry.holes().count()).isGreaterThanOrEqualTo(60);
    assertThat(entry.storedBytes()).isLessThan(5_000_000);
    try (FileChannel channel = FileChannel.open(file)) {
      SparseMap map = entry.holes();
      for (int part = 0; part < map.count(); part++) {
        byte[] wanted = new byte[(int) map.length(part)];
        channel.read(ByteBuffer.wrap(wanted), map.offset(part));
        int start = (int) map.storedOffset(part);
        assertThat(found.content().substring(start, start + wanted.length))
            .isEqualTo(ByteStrings.of(wanted));
      }
      assertThat(map.firstEndingAfter(30 * HOLE)).isLessThan(map.count());
      assertThat(map.offset(map.firstEndingAfter(30 * HOLE))).isLessThanOrEqualTo(30 * HOLE);
    }
  }

  @Test
  void passesOverAnIncompleteEnd() throws Exception {
    Map<String, Found> whole = tar("--format=posix");
    byte[] tar = Files.readAllBytes(directory.resolve("out.tar"));
    int end = tar.length;
    while (tar[end - 1] == 0) {
      end--;
    }
    byte[] cut = Arrays.copyOf(tar, (end + 511) / 512 * 512);
    assertThat(read(cut).keySet()).isEqualTo(whole.keySet());
  }

  private static Found get(Map<String, Found> entries, String name) {
    Found found = entries.get(name);
    if (found == null) {
      throw new AssertionError("no entry " + name + " in " + entries.keySet());
    }
    return found;
  }

  private Map<String, Found> tar(String... options) throws IOException, InterruptedException {
    Path file = directory.resolve("out.tar");
    List<String> command = new ArrayList<>(List.of(TAR.toString(), "-C", tree.toString()));
    command.addAll(List.of(options));
    command.addAll(List.of("-cf", file.toString(), "."));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return read(Files.readAllBytes(file));
  }

  private static Map<String, Found> read(byte[] tar) throws IOException {
    TarReader reader = new TarReader(new ByteArrayInputStream(tar));
    Map<String, Found> entries = new LinkedHashMap<>();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      var content = new ByteArrayOutputStream();
      assertThat(reader.copyTo(content)).isEqualTo(entry.storedBytes());
      entries.put(entry.name(), new Found(entry, ByteStrings.of(content.toByteArray())));
    }
    return entries;
  }
}
