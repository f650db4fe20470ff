package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Debian's ctr against a Morsel core says what it says against containerd, command by command. */
class CoreClientsIT extends CtrTests {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final String NOTHING =
      "sha256:0000000000000000000000000000000000000000000000000000000000000000";

  private static String image = "";

  @BeforeAll
  static void push() {
    image = FIXTURE.reference("small:1");
    new OciLayout(FIXTURE.work())
        .layer(tar -> tar.add(Entry.of('0', "file"), Images.noise(1, 100_000)))
        .push(image);
  }

  @Test
  void namespacesAndLeases() {
    succeeds("namespaces", "create", "foo", "a=b");
    fails("namespaces", "create", "foo");
    fails("namespaces", "create", "not!good");
    succeeds("namespaces", "label", "foo", "x=y", "a=");
    succeeds("namespaces", "ls");
    succeeds("namespaces", "rm", "foo");
    same("namespaces", "rm", "foo");
    succeeds("leases", "create", "--id", "l1", "x=y");
    fails("leases", "create", "--id", "l1");
    succeeds("leases", "ls");
    succeeds("leases", "ls", "-q", "labels.x==y");
    succeeds("leases", "ls", "-q", "id==none");
    succeeds("leases", "rm", "--sync", "l1");
    succeeds("leases", "ls");
    same("leases", "rm", "none");
  }

  @Test
  void content() throws Exception {
    Path file = Files.writeString(directory.resolve("blob"), "hello\n");
    String digest =
        "sha256:"
            + HexFormat.of()
                .formatHex(
                    MessageDigest.getInstance("SHA-256")
                        .digest("hello\n".getBytes(StandardCharsets.UTF_8)));
    assertThat(sameFrom(file, "content ingest --expected-digest " + NOTHING + " wrong").exitCode())
        .isNotZero();
    // One at a time, since containerd lists several in any order.
    succeeds("content", "active");
    assertThat(sameFrom(file, "content ingest --expected-size 99 wrong2").exitCode()).isNotZero();
    assertThat(sameFrom(file, "content ingest --expected-digest " + digest + " right").exitCode())
        .isZero();
    succeeds("content", "label", digest, "containerd.io/gc.root=now", "q=r");
    succeeds("content", "ls");
    succeeds("content", "ls", "-q", "labels.q==r");
    succeeds("content", "ls", "-q", "labels.q!=r");
    fails("content", "ls", "-q", "q=r");
    succeeds("content", "get", digest);
    fails("content", "get", NOTHING);
    fails("content", "get", "sha256:00");
    fails("content", "label", NOTHING, "q=r");
    fails("namespaces", "rm", "t");
    same("content", "rm", NOTHING);
    succeeds("content", "rm", digest);
    fails("content", "get", digest);
  }

  @Test
  void imagesAndContainers() {
    succeeds("content", "fetch", "--plain-http", image);
    succeeds("images", "ls");
    succeeds("content", "ls", "-q");
    succeeds("images", "tag", image, "other:tag");
    fails("images", "tag", image, "other:tag");
    fails("images", "tag", "none", "another");
    succeeds("images", "label", image, "a=b");
    fails("images", "label", "none", "a=b");
    succeeds("images", "ls", "-q", "labels.a==b");
    succeeds("images", "ls", "-q", "name~=/^other/");
    succeeds("content", "prune", "references");
    fails("containers", "info", "none");
    same("containers", "rm", "none");
    fails("containers", "label", "none", "a=b");
    succeeds("containers", "ls");
    succeeds("images", "rm", "--sync", image);
    succeeds("content", "ls", "-q");
    succeeds("images", "rm", "--sync", "other:tag");
    succeeds("content", "ls");
    same("images", "rm", "none");
  }

  @Test
  void pulls() {
    succeeds("images", "pull", "--plain-http", image);
    succeeds("images", "ls");
    succeeds("images", "check");
    succeeds("snapshots", "ls");
    succeeds("snapshots", "usage");
    succeeds("content", "ls");
    succeeds("leases", "ls");
    // A second time, with everything there.
    succeeds("images", "pull", "--plain-http", image);
    fails("images", "pull", "--plain-http", image + "-none");
    succeeds("images", "rm", "--sync", image);
    succeeds("snapshots", "ls");
    succeeds("content", "ls");
  }

  @Test
  void snapshots() {
    succeeds("snapshots", "prepare", "k");
    fails("snapshots", "prepare", "k");
    fails("snapshots", "prepare", "k2", "none");
    fails("snapshots", "commit", "c2", "none");
    succeeds("snapshots", "commit", "c", "k");
    fails("snapshots", "commit", "c", "k");
    succeeds("snapshots", "prepare", "k2", "c");
    succeeds("snapshots", "ls");
    succeeds("snapshots", "tree");
    succeeds("snapshots", "usage");
    fails("snapshots", "mounts", "/mnt", "c");
    succeeds("snapshots", "info", "c");
    fails("snapshots", "info", "none");
    succeeds("snapshots", "label", "c", "foo=bar");
    fails("snapshots", "rm", "c");
    fails("snapshots", "rm", "none");
    fails("snapshots", "--snapshotter", "none", "ls");
    succeeds("snapshots", "rm", "k2", "c");
    succeeds("snapshots", "ls");
  }

  @Test
  void eventsAreTheSame() {
    List<String> expected = events(containerd.socket(), "events-containerd");
    assertThat(events(core.socket(), "events-core")).isEqualTo(expected).hasSizeGreaterThan(8);
  }

  private List<String> events(Path socket, String name) {
    Path out = directory.resolve(name);
    String ctr = "ctr --address " + socket + " -n t ";
    Process subscriber = Command.of("sh", "-c", "exec " + ctr + "events > " + out).start();
    try {
      Await.until(
          "the subscription is there",
          Node.SOON,
          () -> {
            Command.of("sh", "-c", ctr + "namespaces label warm x=y").succeed();
            return lines(out).stream().anyMatch(line -> line.contains("/namespaces/update"));
          });
      Command.of(
              "sh",
              "-ec",
              ("namespaces create foo a=b; snapshots prepare k; snapshots commit c k;"
                      + " snapshots rm c; content fetch --plain-http "
                      + image
                      + "; images tag "
                      + image
                      + " other:tag; images label other:tag a=b; images rm other:tag;"
                      + " namespaces rm foo; namespaces create last")
                  .replaceAll("(^|; *)", "$1" + ctr))
          .succeed();
      Await.until(
          "the last event has come",
          Node.SOON,
          () -> lines(out).stream().anyMatch(line -> line.contains("\"name\":\"last\"")));
    } finally {
      Command.end(subscriber);
    }
    return lines(out).stream()
        .filter(line -> !line.contains("/namespaces/update"))
        .map(line -> line.substring(line.indexOf("UTC ") + 1))
        .toList();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void ctrRemotePullsLazilyAndCollectionUnmounts() {
    String lazy = FIXTURE.convert(image, FIXTURE.reference("small:lazy"));
    Command.of(
            "ctr-remote",
            "--address",
            core.socket(),
            "images",
            "rpull",
            "--plain-http",
            "--snapshotter",
            "morsel",
            lazy)
        .succeed();
    assertThat(Mounts.lazyBelow(directory)).hasSize(1);
    assertThat(core.ctr("snapshots", "--snapshotter", "morsel", "ls").succeed())
        .contains("Committed");
    // Manifest and configuration: no layer was fetched.
    assertThat(core.ctr("content", "ls", "-q").succeed().lines()).hasSize(2);
    core.ctr("images", "rm", "--sync", lazy).succeed();
    assertThat(core.ctr("content", "ls", "-q").succeed()).isEmpty();
    assertThat(Mounts.lazyBelow(directory)).isEmpty();
  }

  @Test
  void killedCoreKeepsWhatItAnsweredForAndNothingElse() throws Exception {
    core.ctr("content", "fetch", "--plain-http", image).succeed();
    core.ctr("snapshots", "prepare", "k").succeed();
    core.ctr("snapshots", "commit", "c", "k").succeed();
    core.ctr("snapshots", "prepare", "k2", "c").succeed();
    core.ctr("images", "tag", image, "other:tag").succeed();
    String state = state();
    // Unacknowledged: nobody can say which of it comes through, but the files have to agree.
    Process busy =
        Command.of(
                "sh",
                "-c",
                "for i in $(seq 1000); do echo $i | ctr --address "
                    + core.socket()
                    + " -n busy content ingest r$i; done")
            .start();
    Await.until(
        "some of it is written",
        Node.SOON,
        () -> core.ctr("-n", "busy", "content", "ls", "-q").succeed().lines().count() > 3);
    core.kill();
    Command.end(busy);
    core = Cores.start(directory);
    assertThat(state()).isEqualTo(state);
    List<String> known =
        core.ctr("content", "ls", "-q").succeed().lines().map(line -> line.substring(7)).toList();
    try (var blobs = Files.list(core.root().resolve("content/blobs/sha256"))) {
      assertThat(blobs.map(blob -> blob.getFileName().toString()).toList())
          .hasSameElementsAs(known);
    }
    long active = core.ctr("-n", "busy", "content", "active").succeed().lines().skip(1).count();
    try (var ingests = Files.list(core.root().resolve("content/ingest"))) {
      assertThat(ingests).hasSize((int) active);
    }
  }

  private String state() {
    return core.ctr("images", "ls", "-q").succeed()
        + core.ctr("content", "ls", "-q").succeed()
        + core.ctr("snapshots", "ls").succeed();
  }
}
