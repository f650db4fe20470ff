package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Clients that know nothing of Morsel pull lazily through it: ctr-remote, CRI, ctr. */
class UnmodifiedClientsIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int FILE_BYTES = 16 << 20;
  private static String plain = "";
  private static String lazy = "";

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("app:plain");
    Images.pushWithData(FIXTURE.work(), plain, FILE_BYTES, 1_000);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("app:lazy"));
  }

  private static void assertRuns(Node node, String namespace, String snapshotter) {
    assertThat(
            node.ctr(
                    "--namespace",
                    namespace,
                    "run",
                    "--rm",
                    "--snapshotter",
                    snapshotter,
                    lazy,
                    "client",
                    "/bin/sh",
                    "-c",
                    "wc -c < /data/file-0; sha256sum /data/file-1 | wc -c")
                .succeed()
                .lines()
                .map(String::strip))
        .containsExactly(Integer.toString(FILE_BYTES), "79");
    assertThat(node.lazyMounts()).hasSize(2);
    assertThat(node.metric("morsel_snapshotter_fallback_total")).isZero();
  }

  @Test
  void ctrRemotePullsLazilyThroughThePluginNamedStargz() {
    try (Node node = Node.start(Node.Options.DEFAULT.withWarmUp())) {
      long before = FIXTURE.registry().traffic().receivedBytes();
      node.ctrRemote("images", "rpull", "--plain-http", "--snapshotter", "stargz", lazy).succeed();
      assertThat(FIXTURE.registry().traffic().receivedBytes() - before).isLessThan(FILE_BYTES / 2);
      assertRuns(node, "default", "stargz");
    }
  }

  @Test
  void containerdsCriPullsLazily() throws Exception {
    try (Node node = Node.start(Node.Options.DEFAULT.withWarmUp().withCri())) {
      long before = FIXTURE.registry().traffic().receivedBytes();
      String image = CriClient.pullImage(node.containerdSocket(), lazy);
      assertThat(image).startsWith("sha256:");
      assertThat(FIXTURE.registry().traffic().receivedBytes() - before).isLessThan(FILE_BYTES / 2);
      assertRuns(node, "k8s.io", "morsel");
    }
  }

  @Test
  void ctrWorksWithOrdinarySnapshots() {
    try (Node node = Node.start(Node.Options.DEFAULT.withWarmUp())) {
      // ctr sends no labels by which a layer could be lazy: it pulls in full, and that is no
      // fallback.
      node.ctr("images", "pull", "--plain-http", "--snapshotter", "morsel", plain).succeed();
      assertThat(
              node.run("morsel", plain, "eager", "/bin/sh", "-c", "cat /data/file-0 | wc -c")
                  .succeed()
                  .trim())
          .isEqualTo(Integer.toString(FILE_BYTES));
      String list = node.ctr("snapshots", "--snapshotter", "morsel", "ls").succeed();
      String top =
          list.lines()
              .filter(line -> line.contains("Committed"))
              .map(line -> line.split("\\s+", -1)[0])
              .filter(
                  name -> list.lines().noneMatch(line -> line.split("\\s+", -1)[1].equals(name)))
              .findFirst()
              .orElseThrow();
      node.ctr("snapshots", "--snapshotter", "morsel", "prepare", "mine", top).succeed();
      assertThat(
              node.ctr("snapshots", "--snapshotter", "morsel", "mounts", "/mnt", "mine").succeed())
          .contains("mount -t overlay overlay /mnt")
          .contains("lowerdir=");
      node.ctr("snapshots", "--snapshotter", "morsel", "commit", "committed", "mine").succeed();
      // ctr labels no view, so that containerd's collector may take it before anybody can hold it.
      Await.until(
          "a view that is held",
          Node.SOON,
          () -> {
            node.ctr("snapshots", "--snapshotter", "morsel", "view", "look", "committed").run();
            return node.ctr(
                        "snapshots",
                        "--snapshotter",
                        "morsel",
                        "label",
                        "look",
                        "containerd.io/gc.root=held")
                    .run()
                    .exitCode()
                == 0;
          });
      Command.Result refused =
          node.ctr("snapshots", "--snapshotter", "morsel", "rm", "committed").run().expectFailure();
      assertThat(refused.errors()).contains("cannot remove snapshot with child");
      assertThat(node.ctr("snapshots", "--snapshotter", "morsel", "info", "committed").succeed())
          .contains("\"Parent\": \"" + top);
      assertThat(node.ctr("snapshots", "--snapshotter", "morsel", "usage").succeed())
          .contains("committed");
      assertThat(
              node.ctr("snapshots", "--snapshotter", "morsel", "prepare", "mine2", "nowhere")
                  .run()
                  .expectFailure()
                  .errors())
          .contains("not found");
      node.ctr("snapshots", "--snapshotter", "morsel", "rm", "look", "committed").succeed();
    }
  }
}
