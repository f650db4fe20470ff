package io.morsel.integration;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Core;
import io.morsel.stargz.LayerStreams;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Morsel core unpacks and compares is what containerd unpacks and compares. */
class CoreUnpackIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  /** No file that the test leaves alone was changed later, in seconds since 1970. */
  private static final long LAST_OF_IMAGE = 1_750_000_000;

  private Path directory;
  private Containerd containerd;
  private Core core;

  @BeforeAll
  static void push() {
    String gzip = FIXTURE.reference("odd:gzip");
    Images.pushOddities(FIXTURE.work(), gzip);
    Command.of(
            "skopeo",
            "copy",
            "-q",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            "--dest-compress-format",
            "zstd",
            "docker://" + gzip,
            "docker://" + FIXTURE.reference("odd:zstd"))
        .succeed();
    FIXTURE.convert(gzip, FIXTURE.reference("odd:estargz"));
  }

  @BeforeEach
  void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    containerd = Containerd.start(directory, Map.of(), false);
    core = Cores.start(directory);
  }

  @AfterEach
  void stop() {
    try (Containerd _ = containerd;
        Core _ = core) {
      assertThat(directory).isDirectory();
    } finally {
      Mounts.detachBelow(directory);
      Directories.delete(directory);
    }
  }

  /** {@code ctr}, of containerd or of the core. */
  @FunctionalInterface
  private interface Ctr {
    Command of(Object... words);
  }

  private static void pull(Ctr ctr, String reference) {
    ctr.of("images", "pull", "--plain-http", "--snapshotter", "overlayfs", reference).succeed();
  }

  /** What {@code ctr images mount} shows of an image. */
  private RootFilesystem mounted(Ctr ctr, String reference, String name) throws IOException {
    Path target = Files.createDirectory(directory.resolve(name));
    ctr.of("images", "mount", "--snapshotter", "overlayfs", reference, target).succeed();
    RootFilesystem shown = RootFilesystem.mountedOn(target);
    ctr.of("images", "unmount", "--snapshotter", "overlayfs", "--rm", target).succeed();
    return shown.withoutMtimes(Images.LEFT_OUT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd", "estargz"})
  void rootFilesystemsAreTheSame(String compression) throws IOException {
    String image = FIXTURE.reference("odd:" + compression);
    pull(containerd::ctr, image);
    pull(core::ctr, image);
    RootFilesystem expected = mounted(containerd::ctr, image, "expected");
    RootFilesystem actual = mounted(core::ctr, image, "actual");
    assertThat(expected.entries()).hasSizeGreaterThan(3_000).containsKey("/odd/capable");
    assertThat(expected.differences(actual)).isEmpty();
    // The very same chain of snapshots: the diff IDs were computed right.
    assertThat(snapshots(core::ctr)).isEqualTo(snapshots(containerd::ctr));
    assertThat(core.root().resolve("mounts")).isEmptyDirectory();
  }

  private static List<String> snapshots(Ctr ctr) {
    return ctr.of("snapshots", "ls").succeed().lines().sorted().toList();
  }

  @Test
  void diffsOfAContainersChangesAreTheSame() throws IOException {
    String image = FIXTURE.reference("odd:gzip");
    List<List<String>> diffs = new ArrayList<>();
    for (Ctr ctr : List.<Ctr>of(containerd::ctr, core::ctr)) {
      pull(ctr, image);
      String top = top(ctr);
      ctr.of("snapshots", "prepare", "changed", top).succeed();
      Path target = Files.createDirectory(directory.resolve("changes-" + diffs.size()));
      Command.of("sh", "-ec", ctr.of("snapshots", "mounts", target, "changed").succeed()).succeed();
      Command.of("chroot", target, "/bin/sh", "-ec", CHANGES).succeed();
      Command.of("umount", target).succeed();
      diffs.add(entries(ctr.of("snapshots", "diff", "changed").run().expectSuccess().latin1()));
      // Two snapshots that nothing is the parent of.
      diffs.add(
          entries(
              ctr.of(
                      "snapshots",
                      "diff",
                      "--media-type",
                      "application/vnd.oci.image.layer.v1.tar",
                      top)
                  .run()
                  .expectSuccess()
                  .latin1()));
    }
    assertThat(diffs.get(2)).isEqualTo(diffs.get(0)).hasSizeGreaterThan(20);
    assertThat(diffs.get(3)).isEqualTo(diffs.get(1)).hasSizeGreaterThan(5);
    String last = String.join("\n", diffs.get(2));
    assertThat(last)
        .contains("REGULAR odd/.wh.twice ")
        .contains("HARD_LINK odd/hard-a -> odd/hard-d ");
    assertThat(core.root().resolve("mounts")).isEmptyDirectory();
  }

  /** The core reads files here that it serves itself. */
  @Test
  void diffsOfLazyLayersAreTheSame() throws IOException {
    String image = FIXTURE.reference("odd:estargz");
    pull(containerd::ctr, image);
    Command.of(
            "ctr-remote",
            "--address",
            core.socket(),
            "images",
            "rpull",
            "--plain-http",
            "--snapshotter",
            "morsel",
            image)
        .succeed();
    String top = top(containerd::ctr);
    assertThat(Mounts.lazyBelow(directory)).isNotEmpty();
    Command lazy = core.ctr("snapshots", "--snapshotter", "morsel", "diff", top);
    List<String> expected =
        entries(containerd.ctr("snapshots", "diff", top).run().expectSuccess().latin1());
    // Who unpacks the layer unpacks its TOC too.
    assertThat(expected.removeIf(entry -> entry.startsWith("REGULAR stargz.index.json "))).isTrue();
    assertThat(entries(lazy.run().expectSuccess().latin1()))
        .isEqualTo(expected)
        .hasSizeGreaterThan(5);
  }

  /** What a container might do to {@link Images#pushOddities}. */
  private static final String CHANGES =
      """
      cd /odd
      rm twice
      rm -r many
      mkdir -m 0751 made
      echo new > made/file
      chown 12:34 made/file
      chmod 4711 made/file
      touch -d @1500000000 made/file made
      echo changed >> nanos
      chmod 0600 epoch
      touch -d @1 future
      ln hard-a hard-d
      ln made/file made/second
      rm symlink
      ln -s elsewhere symlink
      rm -r opaque
      mkdir opaque
      echo over > opaque/above
      rm -r private
      echo file > private
      rm empty
      mkdir empty
      echo in > empty/in
      mknod made/device c 5 7
      mkfifo made/fifo
      echo deep > parents/left/out/more
      """;

  /** The one snapshot that is no other one's parent. */
  private static String top(Ctr ctr) {
    List<String[]> rows =
        ctr.of("snapshots", "ls")
            .succeed()
            .lines()
            .skip(1)
            .map(line -> line.split("\\s+", -1))
            .toList();
    return rows.stream()
        .map(row -> row[0])
        .filter(name -> rows.stream().noneMatch(row -> row[1].equals(name)))
        .findFirst()
        .orElseThrow();
  }

  /** A layer's entries with all that must not differ; a whiteout's time is the differ's own. */
  private static List<String> entries(String latin1) throws IOException {
    List<String> entries = new ArrayList<>();
    try (var tar =
        LayerStreams.uncompressed(new ByteArrayInputStream(latin1.getBytes(ISO_8859_1)))) {
      TarReader reader = new TarReader(tar);
      TarEntry entry = reader.next();
      while (entry != null) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        reader.copyTo(content);
        boolean timeless =
            entry.name().contains(".wh.")
                || entry.mtimeSeconds() > LAST_OF_IMAGE
                // Where a layer leaves one out, containerd has it tell the time of the pull.
                || Images.LEFT_OUT.contains("/" + entry.name().replaceFirst("/$", ""));
        entries.add(
            "%s %s -> %s mode %o owner %d:%d time %s device %d:%d xattrs %s size %d content %d"
                .formatted(
                    entry.type(),
                    entry.name(),
                    entry.linkName(),
                    entry.mode(),
                    entry.userId(),
                    entry.groupId(),
                    timeless ? "of the test" : entry.mtimeSeconds() + "." + entry.mtimeNanos(),
                    entry.deviceMajor(),
                    entry.deviceMinor(),
                    entry.xattrs(),
                    entry.sizeBytes(),
                    Arrays.hashCode(content.toByteArray())));
        entry = reader.next();
      }
    }
    return entries;
  }

  @ParameterizedTest
  @ValueSource(strings = {"shared", "isolated"})
  void contentIsFetchedAgainOnlyWhereNamespacesAreIsolated(String policy) {
    core.close();
    core = Cores.start(directory, "[core]\ncontent_sharing_policy = \"" + policy + "\"\n");
    String image = FIXTURE.reference("odd:gzip");
    core.ctr("-n", "first", "content", "fetch", "--plain-http", image).succeed();
    Traffic before = FIXTURE.registry().traffic();
    core.ctr("-n", "second", "content", "fetch", "--plain-http", image).succeed();
    long bytes = FIXTURE.registry().traffic().since(before).receivedBytes();
    if (policy.equals("shared")) {
      assertThat(bytes).isLessThan(100_000);
    } else {
      assertThat(bytes).isGreaterThan(9_000_000);
    }
    assertThat(core.ctr("-n", "second", "content", "ls", "-q").succeed())
        .isEqualTo(core.ctr("-n", "first", "content", "ls", "-q").succeed());
  }
}
