package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.net.Traffic;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Mirrors as an operator of containerd has configured them stand before a registry. */
class MirrorIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int FILE_BYTES = 12 << 20;
  private static CountedRegistry mirror;
  private static String lazy = "";

  private Path hosts;
  private Traffic upstreamBefore;
  private Traffic mirrorBefore;

  @BeforeAll
  static void push() {
    String plain = FIXTURE.reference("data:plain");
    Images.pushWithData(FIXTURE.work(), plain, FILE_BYTES, FILE_BYTES);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("data:lazy"));
    mirror = CountedRegistry.start(FIXTURE.work());
    Command.of(
            "skopeo",
            "copy",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            "docker://" + lazy,
            "docker://" + mirror.host() + "/data:lazy")
        .succeed();
  }

  @AfterAll
  static void stop() {
    mirror.close();
  }

  @BeforeEach
  void start() throws IOException {
    hosts = Files.createDirectories(FIXTURE.work());
    upstreamBefore = FIXTURE.registry().traffic();
    mirrorBefore = mirror.traffic();
  }

  private void configure(String name, String text) throws IOException {
    Files.writeString(Files.createDirectories(hosts.resolve(name)).resolve("hosts.toml"), text);
  }

  /** The name of the registry's directory, as containerd has it for one with a port. */
  private static String directoryName() {
    return FIXTURE.registry().host().replace(':', '_') + "_";
  }

  private Node startNode() {
    return Node.start(
        Node.Options.DEFAULT.withConfig(
            """
            [fetch]
            background_fill = false
            [profile]
            from_registry = false
            [registry]
            config_path = "%s"
            """
                .formatted(hosts)));
  }

  private void pull(Node node) {
    Node.morsel(
            "pull",
            "--address",
            node.containerdSocket(),
            "--snapshotter",
            "morsel",
            "--hosts-dir",
            hosts,
            lazy)
        .succeed();
  }

  private static String read(Node node, String id, int file) {
    return node.run("morsel", lazy, id, "/bin/sh", "-c", "sha256sum < /data/file-" + file)
        .succeed();
  }

  private long fromUpstream() {
    return FIXTURE.registry().traffic().since(upstreamBefore).receivedBytes();
  }

  private long fromMirror() {
    return mirror.traffic().since(mirrorBefore).receivedBytes();
  }

  @Test
  void aMirrorServesALazyPullAndTheRegistryIsLeftAlone() throws IOException {
    configure(
        directoryName(),
        "[host.\"http://" + mirror.host() + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
    try (Node node = startNode()) {
      pull(node);
      read(node, "first", 0);
      assertThat(node.lazyMounts()).isNotEmpty();
      assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
      assertThat(fromUpstream()).as("bytes that the registry sent").isZero();
      assertThat(fromMirror()).as("bytes that the mirror sent").isGreaterThan(FILE_BYTES);
    }
  }

  @Test
  void theRegistryServesWhatAMirrorThatIsGoneDoesNot() throws IOException {
    configure(
        "_default",
        "[host.\"http://" + mirror.host() + "\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
    try (Node node = startNode()) {
      pull(node);
      String before = read(node, "before", 0);
      assertThat(fromUpstream()).isZero();
      long mirrored = fromMirror();
      mirror.stop();
      try {
        String after = read(node, "after", 1);
        assertThat(after).isNotEqualTo(before).hasSameSizeAs(before);
        assertThat(fromUpstream()).as("bytes of the second file").isGreaterThan(FILE_BYTES);
        assertThat(fromMirror()).isEqualTo(mirrored);
      } finally {
        mirror.restart();
      }
      assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
    }
    // From the beginning on, too.
    mirror.stop();
    try (Node node = startNode()) {
      pull(node);
      assertThat(read(node, "alone", 0)).isNotEmpty();
      assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
    } finally {
      mirror.restart();
    }
  }

  @Test
  void aMirrorThatMayOnlyPullServesBlobsAlone() throws IOException {
    configure(
        directoryName(), "[host.\"http://" + mirror.host() + "\"]\ncapabilities = [\"pull\"]\n");
    try (Node node = startNode()) {
      pull(node);
      read(node, "first", 0);
      assertThat(FIXTURE.registry().traffic().since(upstreamBefore).requests())
          .as("requests to the registry, for what the tag means")
          .isEqualTo(1);
      assertThat(fromMirror()).isGreaterThan(FILE_BYTES);
    }
  }

  @Test
  void whatAMirrorHasAlteredIsFetchedFromTheRegistry() throws IOException {
    String raw =
        Command.of(
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "docker://" + mirror.host() + "/data:lazy")
            .succeed();
    String layer =
        Pattern.compile("\"digest\":\\s*\"(sha256:[0-9a-f]{64})\"")
            .matcher(raw.substring(raw.indexOf("\"layers\"")))
            .results()
            .map(digest -> digest.group(1))
            .toList()
            .getLast();
    // The files hold noise, so that a quarter of the blob is the middle of the first one.
    try (RandomAccessFile blob = new RandomAccessFile(mirror.blobFile(layer).toFile(), "rw")) {
      long place = blob.length() / 4;
      blob.seek(place);
      int right = blob.read();
      blob.seek(place);
      blob.write(right ^ 0x55);
      configure(directoryName(), "[host.\"http://" + mirror.host() + "\"]\n");
      try (Node node = startNode()) {
        pull(node);
        read(node, "altered", 0);
        assertThat(node.morselLog()).contains("corrupt, is fetched again");
        assertThat(node.metric("morsel_fetch_corrupt_chunks_total")).isZero();
        assertThat(fromUpstream()).isPositive();
      } finally {
        blob.seek(place);
        blob.write(right);
      }
    }
  }

  @Test
  void aCoreWithinACommandReadsThroughTheMirrorThatTheCommandWasTold() throws IOException {
    configure(directoryName(), "[host.\"http://" + mirror.host() + "\"]\n");
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    try {
      Path config =
          Files.writeString(directory.resolve("c.toml"), "[profile]\nfrom_registry = false\n");
      String output =
          Node.morsel(
                  "run",
                  "--rm",
                  "--root",
                  directory.resolve("root"),
                  "--state",
                  directory.resolve("state"),
                  "--config",
                  config,
                  "--hosts-dir",
                  hosts,
                  lazy,
                  "/bin/sh",
                  "-c",
                  "sha256sum < /data/file-0")
              .succeed();
      assertThat(output).hasSizeGreaterThan(64);
      assertThat(fromUpstream()).as("bytes that the registry sent").isZero();
      assertThat(fromMirror()).isGreaterThan(FILE_BYTES);
    } finally {
      Mounts.detachBelow(directory);
      Directories.delete(directory);
    }
  }

  @Test
  void aCacheThatStillHasToFetchLayersDoesNotStandInTheWay() throws IOException {
    try (PullThroughRegistry cache =
        PullThroughRegistry.start(FIXTURE.work(), FIXTURE.registry().host())) {
      configure(directoryName(), "[host.\"http://" + cache.host() + "\"]\n");
      try (Node node = startNode()) {
        pull(node);
        String through = read(node, "through", 1);
        assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
        Files.delete(hosts.resolve(directoryName()).resolve("hosts.toml"));
        try (Node other = startNode()) {
          pull(other);
          assertThat(read(other, "direct", 1)).isEqualTo(through);
        }
      }
    }
  }
}
