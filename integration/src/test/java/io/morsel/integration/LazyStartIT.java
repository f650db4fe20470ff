package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A container starts before its image is there, and what goes wrong underneath stays contained. */
class LazyStartIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int FILE_BYTES = 24 << 20;
  private static String plain = "";
  private static String lazy = "";

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("data:plain");
    Images.pushWithData(FIXTURE.work(), plain, FILE_BYTES, FILE_BYTES, FILE_BYTES, FILE_BYTES);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("data:lazy"));
  }

  private static long imageBytes() throws IOException {
    String inspected =
        Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + lazy)
            .succeed();
    Matcher sizes = Pattern.compile("\"size\":\\s*(\\d+)").matcher(inspected);
    return sizes.results().mapToLong(r -> Long.parseLong(r.group(1))).sum();
  }

  @Test
  void theFirstOutputComesBeforeTheImage() throws IOException {
    try (Node node = Node.start(Node.Options.DEFAULT.withWarmUp())) {
      long before = FIXTURE.registry().traffic().receivedBytes();
      node.pull(lazy).succeed();
      String output =
          node.run(
                  "morsel",
                  lazy,
                  "first",
                  "/bin/sh",
                  "-c",
                  "sha256sum /data/file-0 | cut -c1-64; ls /data")
              .succeed();
      long fetched = FIXTURE.registry().traffic().receivedBytes() - before;
      assertThat(output).contains("file-0\nfile-1\nfile-2\nfile-3");
      assertThat(fetched)
          .as("bytes that the registry sent until the container was done")
          .isLessThan(imageBytes() * 30 / 100)
          .isGreaterThan(FILE_BYTES);
      assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
    }
  }

  @Test
  void theBackgroundFillCompletesALayer() {
    try (Node node =
        Node.start(
            Node.Options.DEFAULT.withConfig("[fetch]\nbackground_fill_delay_millis = 100"))) {
      node.pull(lazy).succeed();
      Await.until(
          "every layer is on the disk",
          Node.SOON.multipliedBy(2),
          () -> node.morselLog().contains("complete") && layersComplete(node));
      FIXTURE.registry().stop();
      try {
        assertThat(
                node.run("morsel", lazy, "offline", "/bin/sh", "-c", "cat /data/* | wc -c")
                    .succeed()
                    .trim())
            .isEqualTo(Integer.toString(4 * FILE_BYTES));
      } finally {
        FIXTURE.registry().restart();
      }
    }
  }

  private static boolean layersComplete(Node node) {
    double present = node.metric("morsel_layer_present_bytes");
    double all = node.metric("morsel_layer_data_bytes");
    return all > 4.0 * FILE_BYTES && present == all;
  }

  @Test
  void aPlainImageIsPulledInFullAndSaysWhy() {
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(plain).succeed();
      assertThat(node.run("morsel", plain, "plain", "/bin/sh", "-c", "ls /data").succeed())
          .contains("file-3");
      assertThat(node.lazyMounts()).isEmpty();
      assertThat(node.metric("morsel_snapshotter_fallback_total", "reason=\"no_toc_digest\""))
          .isEqualTo(2);
      assertThat(node.morselLog()).contains("no_toc_digest").contains(plain);
    }
  }

  @Test
  void anAlteredChunkFailsItsReadersOnly() throws IOException {
    Path work = FIXTURE.work();
    String source = FIXTURE.reference("altered:plain");
    Images.pushWithData(work, source, 3 << 20, 3 << 20, 3 << 20);
    String target = FIXTURE.convert(source, FIXTURE.reference("altered:lazy"));
    String raw =
        Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + target)
            .succeed();
    List<String> layers =
        Pattern.compile("\"layers\".*", Pattern.DOTALL)
            .matcher(raw)
            .results()
            .flatMap(
                r ->
                    Pattern.compile("\"digest\":\\s*\"(sha256:[0-9a-f]+)\"")
                        .matcher(r.group())
                        .results())
            .map(r -> r.group(1))
            .toList();
    String layer = layers.getLast();
    Path blob = FIXTURE.registry().blobFile(layer);
    // The three files hold noise, so that the middle of the blob is the middle of the second one.
    try (RandomAccessFile file = new RandomAccessFile(blob.toFile(), "rw")) {
      long middle = file.length() / 2;
      file.seek(middle);
      int old = file.read();
      file.seek(middle);
      file.write(old ^ 0x55);
    }
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(target).succeed();
      String script =
          "for i in 0 1 2; do cat /data/file-$i 2>&1 >/dev/null | grep -o 'Input/output error'"
              + " || echo file-$i fine; done";
      String expected = "file-0 fine\nInput/output error\nfile-2 fine\n";
      assertThat(node.run("morsel", target, "altered", "/bin/sh", "-c", script).succeed())
          .isEqualTo(expected);
      assertThat(node.morselLog()).contains(layer).contains("data/file-1").contains("chunk");
      assertThat(node.metric("morsel_fetch_corrupt_chunks_total")).isPositive();
      // Nothing wrong was kept: the same read fails in the same way after a restart.
      node.stopMorsel();
      node.startMorsel();
      assertThat(node.run("morsel", target, "again", "/bin/sh", "-c", script).succeed())
          .isEqualTo(expected);
    }
  }

  @Test
  void killedAndRestartedWithoutTheRegistry() throws IOException {
    try (Node node =
        Node.start(
            Node.Options.DEFAULT.withWarmUp().withConfig("[fetch]\nbackground_fill = false"))) {
      node.pull(lazy).succeed();
      String read = "sha256sum /data/file-1";
      String before = node.run("morsel", lazy, "before", "/bin/sh", "-c", read).succeed();
      int mounts = node.lazyMounts().size();
      Await.until("what was fetched is durable", Node.SOON, () -> durable(node));
      node.killMorsel();
      FIXTURE.registry().stop();
      try {
        node.startMorsel();
        assertThat(node.lazyMounts()).hasSize(mounts);
        assertThat(unpackedLibraries(node))
            .as("native code that the daemon unpacked and uses")
            .isNotEmpty()
            .allMatch(library -> library.startsWith(node.root().resolve("native")));
        try (Stream<Path> files = Files.list(node.root().resolve("native"))) {
          assertThat(files.filter(file -> file.toString().endsWith(".so")))
              .as("native code that lies there, now that a daemon was killed")
              .allMatch(unpackedLibraries(node)::contains);
        }
        assertThat(node.run("morsel", lazy, "after", "/bin/sh", "-c", read).succeed())
            .isEqualTo(before);
      } finally {
        FIXTURE.registry().restart();
      }
    }
  }

  /** The files that a daemon has mapped and that are neither the machine's nor the JDK's. */
  private static List<Path> unpackedLibraries(Node node) throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc", node.morselPid() + "", "maps"))) {
      return maps.map(line -> line.substring(line.lastIndexOf(' ') + 1))
          .filter(path -> path.endsWith(".so") && !path.startsWith("/usr/"))
          .filter(path -> !path.startsWith("/lib") && !path.startsWith("/opt/"))
          .map(Path::of)
          .distinct()
          .toList();
    }
  }

  private static boolean durable(Node node) {
    return node.metric("morsel_layer_unsynced_bytes") == 0;
  }

  @Test
  void twoImagesShareTheirLayers() throws IOException {
    String second = FIXTURE.reference("data:second");
    FIXTURE.convert(plain, second);
    String sharer = FIXTURE.reference("sharer:plain");
    new OciLayout(FIXTURE.work())
        .layer(Images.userland())
        .layer(tar -> tar.add(TarComposer.Entry.of('0', "only-here"), new byte[] {'x', '\n'}))
        .push(sharer);
    String sharerLazy = FIXTURE.convert(sharer, FIXTURE.reference("sharer:lazy"));
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(lazy).succeed();
      node.pull(second).succeed();
      node.pull(sharerLazy).succeed();
      assertThat(node.lazyMounts()).hasSize(3);
      try (Stream<Path> layers = Files.list(node.root().resolve("layers/sha256"))) {
        assertThat(layers.filter(Files::isDirectory)).hasSize(3);
      }
      node.ctr("images", "rm", "--sync", lazy).succeed();
      node.ctr("images", "rm", "--sync", second).succeed();
      Await.until(
          "only the shared layer and the last are mounted",
          Node.SOON,
          () -> node.lazyMounts().size() == 2);
      assertThat(
              node.run("morsel", sharerLazy, "sharer", "/bin/sh", "-c", "cat /only-here").succeed())
          .isEqualTo("x\n");
      node.ctr("images", "rm", "--sync", sharerLazy).succeed();
      Await.until("nothing is mounted", Node.SOON, () -> node.lazyMounts().isEmpty());
      Await.until(
          "no layer is left on the disk",
          Node.SOON,
          () -> emptyDirectory(node.root().resolve("layers/sha256")));
      Await.until(
          "no snapshot is left on the disk",
          Node.SOON,
          () -> emptyDirectory(node.root().resolve("snapshots")));
    }
  }

  private static boolean emptyDirectory(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anImageIsRemovedWhileItsContainerRuns() {
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(lazy).succeed();
      node.ctr(
              "run",
              "-d",
              "--snapshotter",
              "morsel",
              lazy,
              "running",
              "/bin/sh",
              "-c",
              "while :; do sleep 1; done")
          .succeed();
      node.ctr("images", "rm", "--sync", lazy).succeed();
      assertThat(
              node.ctr(
                      "tasks",
                      "exec",
                      "--exec-id",
                      "e1",
                      "running",
                      "/bin/sh",
                      "-c",
                      "cat /data/file-2 | wc -c")
                  .succeed()
                  .trim())
          .isEqualTo(Integer.toString(FILE_BYTES));
      assertThat(node.lazyMounts()).hasSize(2);
      node.ctr("tasks", "kill", "-s", "KILL", "running").succeed();
      Await.until(
          "the task is gone",
          Node.SOON,
          () ->
              node.ctr("tasks", "rm", "-f", "running").run().exitCode() == 0
                  || !node.ctr("tasks", "ls", "-q").succeed().contains("running"));
      node.ctr("containers", "rm", "running").succeed();
      Await.until("nothing is mounted", Node.SOON, () -> node.lazyMounts().isEmpty());
    }
  }
}
