package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import java.time.Duration;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same image, pulled in full and lazily, must be the same to a container that looks at it. */
class RootFilesystemIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final Duration SOON = Duration.ofSeconds(60);

  private static String plain = "";
  private static RootFilesystem expected = new RootFilesystem(new java.util.TreeMap<>());

  @BeforeAll
  static void pullInFull() {
    plain = FIXTURE.reference("odd:plain");
    Images.pushOddities(FIXTURE.work(), plain);
    FIXTURE.convert(plain, FIXTURE.reference("odd:estargz"));
    FIXTURE.convert(plain, FIXTURE.reference("odd:stargz"), "--format", "stargz");
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pullInFull(plain).succeed();
      expected = RootFilesystem.of(node, "overlayfs", plain).withoutMtimes(Images.LEFT_OUT);
    }
  }

  @Test
  void theExpectedListingHasTheOddities() {
    SortedMap<String, String> entries = expected.entries();
    assertThat(entries).hasSizeGreaterThan(3_000);
    assertThat(entries.get("/odd/setuid")).contains("mode 04755");
    assertThat(entries.get("/odd/owner")).contains("owner 70000:4000000000");
    assertThat(entries.get("/odd/nanos")).contains("mtime 1600000001.000000001");
    assertThat(entries.get("/odd/private")).contains("mode 0700 owner 5:6");
    assertThat(entries.get("/odd/hard-a")).contains("same inode").contains("/odd/deep/hard-c");
    assertThat(entries.get("/odd/block")).contains("rdev 103:11170");
    assertThat(entries.get("/odd/capable")).contains("security.capability=0x0100000200200000");
    assertThat(entries.get("/odd/xattrs")).contains("user.binary=0x00010a3dff00");
    assertThat(entries).containsKey("/odd/caf\u00e9-\u00ff").doesNotContainKey("/odd/removed");
    assertThat(entries).doesNotContainKey("/odd/opaque/below").containsKey("/odd/merged/lower");
  }

  @ParameterizedTest
  @CsvSource({
    "erofs, direct, estargz",
    "erofs, direct, stargz",
    "fuse, direct, estargz",
    "fuse, direct, stargz",
    "fuse, jnr, estargz",
    "fuse, jnr, stargz"
  })
  void lazyIsTheSame(String kind, String backend, String format) {
    String reference = FIXTURE.reference("odd:" + format);
    Node.Options options =
        Node.Options.DEFAULT
            .withBackend(backend)
            .withConfig(
                "[views]\nkind = \"%s\"\n%s"
                    .formatted(
                        kind,
                        format.equals("stargz")
                            ? "[verification]\nallow_unverified_toc = true"
                            : ""));
    try (Node node = Node.start(options)) {
      node.pull(reference).succeed();
      assertThat(node.lazyMounts()).hasSize(3);
      assertThat(node.lazyMountTypes())
          .containsOnly(kind.equals("erofs") ? "erofs" : "fuse.morsel");
      assertIsExpected(node, reference);
    }
  }

  /** While it is incomplete, when it was completed under a mount, and when it was so before. */
  @Test
  void lazyStaysTheSameWhenItIsComplete() {
    String reference = FIXTURE.reference("odd:estargz");
    Node.Options options =
        Node.Options.DEFAULT
            .withWarmUp()
            .withConfig(
                """
                [views]
                kind = "erofs"
                switch_delay_millis = 0
                [fetch]
                background_fill_delay_millis = 0
                """);
    try (Node node = Node.start(options)) {
      node.pull(reference).succeed();
      assertIsExpected(node, reference);
      // Every layer's data is served until then, each by a descriptor of the daemon's.
      Await.until("all layers are read from the disk", SOON, () -> node.servedLayers() == 0);
      assertThat(node.lazyMounts()).hasSize(3);
      assertIsExpected(node, reference);
      node.killMorsel();
      node.startMorsel();
      // Not by descriptors: the warm-up has some for layers of its own.
      assertThat(node.metric("morsel_mounted_layers_on_disk")).isEqualTo(3);
      assertThat(node.lazyMounts()).hasSize(3);
      assertIsExpected(node, reference);
    }
  }

  private static void assertIsExpected(Node node, String reference) {
    RootFilesystem actual =
        RootFilesystem.of(node, "morsel", reference).withoutMtimes(Images.LEFT_OUT);
    assertThat(expected.differences(actual)).isEmpty();
  }

  @Test
  void aFileOver4GibReadsAlike() {
    String huge = FIXTURE.reference("huge:plain");
    Images.pushHuge(FIXTURE.work(), huge);
    String lazy = FIXTURE.convert(huge, FIXTURE.reference("huge:estargz"));
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(lazy).succeed();
      String script =
          "stat -c %s /huge; head -c 4 /huge; tail -c 8192 /huge | sha256sum;"
              + " dd if=/huge bs=4096 skip=1048575 count=2 status=none | sha256sum";
      String zeros8k = "9f1dcbc35c350d6027f98be0f5c8b43b42ca52b7604459c0c42be3aa88913d47";
      String output = node.run("morsel", lazy, "huge", "/bin/sh", "-c", script).succeed();
      assertThat(output.lines())
          .containsExactly("4294971393", "head" + zeros8k + "  -", zeros8k + "  -");
    }
  }
}
