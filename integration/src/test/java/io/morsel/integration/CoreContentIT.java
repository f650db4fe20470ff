package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer.Entry;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Links;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.json.JsonMapper;

/** Content of a Morsel core while several of Debian's ctr write it, break off, and delete. */
class CoreContentIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int LARGE_BYTES = 8_000_000;

  /** A layer takes about two seconds, so that others can meet it half fetched. */
  private static final Net SLOW = Net.parse("32mbit,1ms");

  /** How often images come and go. */
  private static final int ROUNDS = 8;

  private static final Pattern MEGABYTES = Pattern.compile("layer-sha256:\\S+\\s+[1-7]\\.\\d+MB");

  private Path directory;
  private Core core;

  @BeforeAll
  static void push() {
    new OciLayout(FIXTURE.work())
        .layer(tar -> tar.add(Entry.of('0', "file"), Images.noise(1, LARGE_BYTES)))
        .push(FIXTURE.reference("large:1"));
    for (String name : List.of("one", "two")) {
      new OciLayout(FIXTURE.work())
          .layer(tar -> tar.add(Entry.of('0', "shared"), Images.noise(2, 300_000)))
          .layer(tar -> tar.add(Entry.of('0', name), Images.noise(name.hashCode(), 100_000)))
          .push(FIXTURE.reference(name + ":1"));
    }
  }

  @BeforeEach
  void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    core = Cores.start(directory);
  }

  @AfterEach
  void stop() {
    try (Core _ = core) {
      assertThat(directory).isDirectory();
    } finally {
      Directories.delete(directory);
    }
  }

  private static Link slowLink() {
    String host = FIXTURE.registry().host();
    return Links.open(SLOW, Integer.parseInt(host.substring(host.indexOf(':') + 1)));
  }

  private Command fetch(Link link) {
    return core.ctr("content", "fetch", "--plain-http", "localhost:" + link.port() + "/large:1");
  }

  private String active() {
    return core.ctr("content", "active").succeed();
  }

  private void assertLargeIsWhole() {
    String name = core.ctr("images", "ls", "-q").succeed().lines().findFirst().orElseThrow();
    assertThat(core.ctr("images", "check", "name==" + name).succeed()).contains("complete (2/2)");
    for (String digest : core.ctr("content", "ls", "-q").succeed().lines().toList()) {
      byte[] bytes =
          core.ctr("content", "get", digest)
              .run()
              .expectSuccess()
              .latin1()
              .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      assertThat("sha256:" + OciLayout.sha256(bytes)).isEqualTo(digest);
    }
  }

  @Test
  void aFetchThatWasBrokenOffGoesOnWhereItWas() {
    try (Link link = slowLink()) {
      Process first = fetch(link).start();
      try {
        Await.until(
            "a megabyte is there",
            Node.SOON,
            () -> MEGABYTES.matcher(active()).find(),
            this::active);
      } finally {
        first.destroyForcibly();
        Command.end(first);
      }
      // What has come stays, also over the end of the core.
      core.kill();
      core = Cores.start(directory);
      assertThat(active()).containsPattern(MEGABYTES);
      long before = link.traffic().receivedBytes();
      fetch(link).succeed();
      assertThat(link.traffic().receivedBytes() - before).isLessThan(LARGE_BYTES - 900_000);
    }
    assertLargeIsWhole();
    assertThat(active().lines().skip(1)).isEmpty();
  }

  @Test
  void clientsOfOneIngestShareIt() throws Exception {
    try (Link link = slowLink()) {
      long before = link.traffic().receivedBytes();
      List<Command.Result> results =
          atOnce(List.of(() -> fetch(link).run(), () -> fetch(link).run()));
      assertThat(results).allMatch(result -> result.exitCode() == 0);
      assertThat(link.traffic().receivedBytes() - before)
          .isBetween((long) LARGE_BYTES, LARGE_BYTES + 1_000_000L);
    }
    assertLargeIsWhole();
  }

  private static <T> List<T> atOnce(List<Callable<T>> all) throws Exception {
    List<T> results = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(all.size())) {
      List<Future<T>> running = all.stream().map(executor::submit).toList();
      for (Future<T> each : running) {
        results.add(each.get());
      }
    }
    return results;
  }

  @Test
  void whatIsCorruptIsNotKept() throws IOException {
    String image = FIXTURE.reference("large:1");
    String digest = layerOf(image);
    Path blob = FIXTURE.registry().blobFile(digest);
    byte[] good = Files.readAllBytes(blob);
    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(blob, bad);
    try {
      Command.Result result = core.ctr("content", "fetch", "--plain-http", image).run();
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.errors()).contains("unexpected commit digest", digest);
      assertThat(core.ctr("content", "ls", "-q").succeed()).doesNotContain(digest);
    } finally {
      Files.write(blob, good);
    }
    // It was held by the lease of the fetch alone.
    Await.until(
        "the ingest is collected",
        Node.SOON,
        () -> active().lines().skip(1).findAny().isEmpty(),
        this::active);
    core.ctr("content", "fetch", "--plain-http", image).succeed();
    assertLargeIsWhole();
  }

  private static String layerOf(String image) {
    String manifest =
        Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + image)
            .succeed();
    return JsonMapper.shared().readTree(manifest).at("/layers/0/digest").asString();
  }

  /**
   * Two images with a layer in common come and go, leases come and go, and each end has the core
   * collect: what a pull has been told is there has to stay.
   */
  @Test
  void collectionsLeaveWhatPullsNeed() throws Exception {
    atOnce(List.of(() -> comeAndGo("one"), () -> comeAndGo("two"), this::leaseAndRelease));
    assertThat(core.ctr("images", "ls", "-q").succeed()).isEmpty();
    assertThat(core.ctr("leases", "ls", "-q").succeed()).isEmpty();
    String last = core.ctr("leases", "create").succeed().strip();
    core.ctr("leases", "rm", "--sync", last).succeed();
    assertThat(core.ctr("content", "ls", "-q").succeed()).isEmpty();
    assertThat(core.ctr("snapshots", "ls").succeed().lines().skip(1)).isEmpty();
    for (String kept : List.of("content/blobs/sha256", "snapshotters/overlayfs/snapshots")) {
      try (Stream<Path> files = Files.list(core.root().resolve(kept))) {
        assertThat(files).as("%s", kept).isEmpty();
      }
    }
  }

  private boolean comeAndGo(String name) {
    String image = FIXTURE.reference(name + ":1");
    for (int i = 0; i < ROUNDS; i++) {
      core.ctr("images", "pull", "--plain-http", image).succeed();
      assertThat(core.ctr("images", "check", "name==" + image).succeed())
          .contains("complete (3/3)")
          .containsPattern("true\\s*$");
      core.ctr("snapshots", "--snapshotter", "overlayfs", "view", name, top(image)).run();
      core.ctr("images", "rm", "--sync", image).succeed();
    }
    return true;
  }

  /** What the image's configuration says of its topmost snapshot. */
  private String top(String image) {
    String digest =
        core.ctr("images", "ls", "name==" + image)
            .succeed()
            .lines()
            .skip(1)
            .findFirst()
            .orElseThrow()
            .split("\\s+", -1)[2];
    String config =
        JsonMapper.shared()
            .readTree(core.ctr("content", "get", digest).succeed())
            .at("/config/digest")
            .asString();
    return core.ctr("content", "ls", "digest==" + config)
        .succeed()
        .replaceAll("(?s).*gc\\.ref\\.snapshot\\.overlayfs=(sha256:[0-9a-f]+).*", "$1");
  }

  private boolean leaseAndRelease() {
    for (int i = 0; i < 2 * ROUNDS; i++) {
      String lease = core.ctr("leases", "create").succeed().strip();
      Command.of("sh", "-c", "echo " + i + " | " + core.ctr("content", "ingest", "r" + i))
          .succeed();
      core.ctr("leases", "rm", "--sync", lease).succeed();
    }
    return true;
  }
}
