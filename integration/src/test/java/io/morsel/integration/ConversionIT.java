package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Morsel's images and those of the stargz project are each other's. */
class ConversionIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static String plain = "";

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("odd:plain");
    Images.pushOddities(FIXTURE.work(), plain);
  }

  @Test
  void anImageConvertedByCtrRemoteIsReadByMorsel() {
    String image = FIXTURE.reference("app:plain");
    Images.pushWithData(FIXTURE.work(), image, 9 << 20, 3, 0);
    String theirs = FIXTURE.reference("app:ctr-remote");
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pullInFull(image).succeed();
      node.ctrRemote("images", "convert", "--estargz", "--oci", image, theirs).succeed();
      node.ctr("images", "push", "--plain-http", theirs).succeed();
      RootFilesystem expected = RootFilesystem.of(node, "overlayfs", image);
      node.pull(theirs).succeed();
      assertThat(node.lazyMounts()).hasSize(2);
      assertThat(
              expected
                  .withoutMtimes(Images.LEFT_OUT)
                  .differences(
                      RootFilesystem.of(node, "morsel", theirs).withoutMtimes(Images.LEFT_OUT)))
          .isEmpty();
    }
  }

  @Test
  void anImageConvertedByMorselIsPulledInFullByContainerd() {
    String ours = FIXTURE.convert(plain, FIXTURE.reference("odd:ours"));
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pullInFull(plain).succeed();
      RootFilesystem expected = RootFilesystem.of(node, "overlayfs", plain);
      node.ctr("images", "rm", "--sync", plain).succeed();
      node.pullInFull(ours).succeed();
      RootFilesystem actual = RootFilesystem.of(node, "overlayfs", ours);
      // An ordinary unpacker sees what eStargz adds to a tar, as with every eStargz image.
      actual.entries().remove("/stargz.index.json");
      actual.entries().remove("/.no.prefetch.landmark");
      actual.entries().remove("/.prefetch.landmark");
      assertThat(
              expected
                  .withoutMtimes(Images.LEFT_OUT)
                  .differences(actual.withoutMtimes(Images.LEFT_OUT)))
          .isEmpty();
    }
  }

  @Test
  void anImageConvertedByMorselIsAcceptedByCtrRemote() {
    String ours = FIXTURE.convert(plain, FIXTURE.reference("odd:accepted"));
    String manifest =
        Command.of("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + ours)
            .succeed();
    String annotation = "\"containerd.io/snapshot/stargz/toc.digest\":\"";
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pullInFull(ours).succeed();
      int layers = 0;
      for (String layer :
          manifest
              .replaceAll("\\s", "")
              .replaceAll(".*\"layers\":", "")
              .split("\"mediaType\"", -1)) {
        if (!layer.contains(annotation)) {
          continue;
        }
        layers++;
        String digest = layer.replaceAll(".*\"digest\":\"(sha256:[0-9a-f]+)\".*", "$1");
        String toc =
            layer.substring(layer.indexOf(annotation) + annotation.length()).replaceAll("\".*", "");
        // It reads footer and TOC with the stargz project's own reader.
        assertThat(node.ctrRemote("images", "get-toc-digest", digest).succeed()).contains(toc);
      }
      assertThat(layers).isEqualTo(3);
    }
  }

  @Test
  void sameInputSameDigest() {
    Path layout = FIXTURE.work();
    FIXTURE.convert(plain, FIXTURE.reference("odd:one"));
    Node.morsel("convert", "--jobs", "1", plain, "oci:" + layout + ":two").succeed();
    String one =
        Command.of(
                "skopeo",
                "inspect",
                "--tls-verify=false",
                "--format",
                "{{.Digest}}",
                "docker://" + FIXTURE.reference("odd:one"))
            .succeed();
    String two =
        Command.of("skopeo", "inspect", "--format", "{{.Digest}}", "oci:" + layout + ":two")
            .succeed();
    assertThat(two).isEqualTo(one);
  }

  @Test
  void inspectSaysWhatALayerIs() {
    String ours = FIXTURE.convert(plain, FIXTURE.reference("odd:inspected"));
    String json = Node.morsel("inspect", "--json", ours).succeed();
    assertThat(json).contains("eStargz").contains("toc_digest").contains("chunks");
    assertThat(Node.morsel("inspect", plain).succeed()).containsIgnoringCase("gzip");
  }
}
