package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.image.OciLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bad input of every kind: a clear error, an exit code, and nothing left behind. */
class BadInputIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static String plain = "";
  private static String lazy = "";

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("app:plain");
    Images.pushWithData(FIXTURE.work(), plain, 8 << 20, 8 << 20);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("app:lazy"));
  }

  private static void assertClear(Command.Result result, int exitCode, String... parts) {
    assertThat(result.exitCode()).as(result.errors()).isEqualTo(exitCode);
    assertThat(result.errors()).contains(parts).startsWith("morsel: ");
    assertThat(result.errors()).as("no stack trace").doesNotContain("\tat ", "Exception in thread");
  }

  @Test
  void referencesThatNameNothing() {
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      assertClear(node.pull("library/UPPER:x").run(), 2, "library/UPPER:x");
      assertClear(node.pull("localhost:1/none:x").run(), 1, "localhost:1");
      assertClear(node.pull("no-such-host.invalid/none:x").run(), 1, "no-such-host.invalid");
      assertClear(node.pull(FIXTURE.reference("missing:x")).run(), 1, "missing:x", "not found");
      assertClear(
          Node.morsel(
                  "pull", "--address", node.containerdSocket(), "--platform", "linux/s390x", lazy)
              .run(),
          1,
          "linux/s390x");
      assertClear(
          Node.morsel("pull", "--address", node.directory().resolve("nobody.sock"), lazy).run(),
          1,
          "nobody.sock");
      assertClear(
          Node.morsel(
                  "pull", "--address", node.containerdSocket(), "--snapshotter", "nonesuch", lazy)
              .run(),
          1,
          "nonesuch");
      assertNothingLeft(node);
    }
  }

  private static void assertNothingLeft(Node node) {
    assertThat(node.ctr("images", "ls", "-q").succeed()).isEmpty();
    assertThat(node.ctr("leases", "ls", "-q").succeed()).isEmpty();
    assertThat(node.ctr("content", "active").succeed().lines().count()).isEqualTo(1);
    assertThat(node.lazyMounts()).isEmpty();
  }

  @Test
  void noPermission() throws IOException {
    Path work = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    try {
      Path socket = work.resolve("morsel.sock");
      Files.setPosixFilePermissions(
          work, java.nio.file.attribute.PosixFilePermissions.fromString("rwx------"));
      Command.Result result =
          Command.of(
                  "setpriv",
                  "--reuid=65534",
                  "--regid=65534",
                  "--clear-groups",
                  Node.CHECKOUT.resolve("morsel"),
                  "serve",
                  "--root",
                  work.resolve("root"),
                  "--address",
                  socket)
              .run();
      assertClear(result, 1, work.toString());
      assertThat(Files.exists(socket)).isFalse();
    } finally {
      Directories.delete(work);
    }
  }

  @Test
  void aSocketInUse() {
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      Path other = node.directory().resolve("other");
      Command.Result result =
          Node.morsel("serve", "--root", other, "--address", node.morselSocket()).run();
      assertClear(result, 1, node.morselSocket().toString());
      assertClear(
          Node.morsel(
                  "serve",
                  "--root",
                  node.root(),
                  "--address",
                  node.directory().resolve("second.sock"))
              .run(),
          1,
          node.root().toString());
      // The first daemon was not disturbed.
      node.pull(lazy).succeed();
    }
  }

  @Test
  void configurationsThatAreWrong() throws IOException {
    Path file = Files.createTempFile("morsel-it-", ".toml");
    try {
      Files.writeString(file, "[fuse]\nbackent = \"direct\"\n");
      assertClear(
          Node.morsel("serve", "--config", file).run(),
          1,
          file.toString(),
          "fuse.backent",
          "backend");
      Files.writeString(file, "[fuse]\nbackend = \"quick\"\n");
      assertClear(
          Node.morsel("serve", "--config", file).run(), 1, "fuse.backend", "auto", "direct", "jnr");
      Files.writeString(file, "[fetch]\nmax_requests = \"many\"\n");
      assertClear(Node.morsel("serve", "--config", file).run(), 1, "fetch.max_requests", "many");
      assertClear(
          Node.morsel("serve", "--config", "/nonexistent.toml").run(), 1, "/nonexistent.toml");
      assertClear(Node.morsel("serve", "--nonsense").run(), 2, "--nonsense");
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void aFullDiskAtTheCache() throws IOException {
    Path small = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-small-");
    Command.of("mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", small).succeed();
    try (Node node = Node.start(Node.Options.DEFAULT.withRoot(small))) {
      node.pull(lazy).succeed();
      // Two files of 8 MiB do not fit: what the disk does not take is served from memory.
      String script = "for i in 0 1; do sha256sum /data/file-$i | cut -c1-64; done; echo alive";
      assertThat(node.run("morsel", lazy, "full", "/bin/sh", "-c", script).succeed().lines())
          .containsExactly(
              OciLayout.sha256(Images.noise(0, 8 << 20)),
              OciLayout.sha256(Images.noise(1, 8 << 20)),
              "alive");
      assertThat(node.morselLog()).containsIgnoringCase("no space");
      assertThat(node.metric("morsel_build_info")).as("the daemon still answers").isEqualTo(1);
    } finally {
      Command.of("umount", "-l", small).succeed();
      Directories.delete(small);
    }
  }

  /** Hostile layers are not served lazily, and in full only if containerd itself accepts them. */
  @ParameterizedTest
  @CsvSource({"TRUNCATED, malformed", "SIZES, malformed", "ESCAPES, malformed"})
  void layersThatLie(HostileLayers.Lie lie, String reason) {
    String reference =
        FIXTURE.reference("hostile:" + lie.name().toLowerCase(java.util.Locale.ROOT));
    HostileLayers.push(lie, FIXTURE.work(), reference);
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(reference).run();
      assertThat(node.lazyMounts()).isEmpty();
      assertThat(node.metric("morsel_snapshotter_fallback_total", "reason=\"" + reason + "\""))
          .as(node.morselLog())
          .isPositive();
      assertThat(node.morselLog()).doesNotContain("\tat io.morsel");
      // It still serves others.
      node.pull(lazy).succeed();
      assertThat(node.lazyMounts()).hasSize(2);
    }
  }
}
