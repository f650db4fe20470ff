package io.morsel.runtime.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.MediaTypes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class SnapshotLabelsTest {
  private static Descriptor layer(int number, Map<String, String> annotations) {
    Digest digest = Digest.of(("layer " + number).getBytes(StandardCharsets.UTF_8));
    return new Descriptor(
        MediaTypes.OCI_LAYER_GZIP, digest, number + 1, annotations, null, List.of());
  }

  @Test
  void bothFamiliesNameImageLayerAndLayersFromThisOneUp() {
    List<Descriptor> layers = IntStream.range(0, 3).mapToObj(i -> layer(i, Map.of())).toList();
    String upper = layers.get(1).digest() + "," + layers.get(2).digest();
    assertThat(SnapshotLabels.of("r.example/app:1", "sha256:mm", layers, 1, "sha256:cc"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "containerd.io/snapshot.ref",
                "sha256:cc",
                "containerd.io/snapshot/cri.image-ref",
                "r.example/app:1",
                "containerd.io/snapshot/cri.layer-digest",
                layers.get(1).digest().toString(),
                "containerd.io/snapshot/cri.image-layers",
                upper,
                "containerd.io/snapshot/cri.manifest-digest",
                "sha256:mm",
                "containerd.io/snapshot/remote/stargz.reference",
                "r.example/app:1",
                "containerd.io/snapshot/remote/stargz.digest",
                layers.get(1).digest().toString(),
                "containerd.io/snapshot/remote/stargz.layers",
                upper));
  }

  @Test
  void onlyAnnotationsForSnapshottersArePassedOn() {
    String toc = Digest.of(new byte[0]).toString();
    Map<String, String> labels =
        SnapshotLabels.of(
            "r.example/app:1",
            "sha256:mm",
            List.of(
                layer(
                    0,
                    Map.of(
                        SnapshotLabels.TOC_DIGEST,
                        toc,
                        "org.example/other",
                        "x",
                        "containerd.io/snapshot/long",
                        "x".repeat(5000),
                        // What the client says goes before what the image says.
                        "containerd.io/snapshot/cri.image-ref",
                        "evil.example/app:1"))),
            0,
            "sha256:cc");
    assertThat(labels)
        .containsEntry(SnapshotLabels.TOC_DIGEST, toc)
        .containsEntry("containerd.io/snapshot/cri.image-ref", "r.example/app:1")
        .doesNotContainKeys("org.example/other", "containerd.io/snapshot/long");
  }

  @Test
  void imageWithManyLayersStaysWithinContainerdsBoundOnLabels() {
    List<Descriptor> layers = IntStream.range(0, 127).mapToObj(i -> layer(i, Map.of())).toList();
    SnapshotLabels.of("r.example/app:1", "sha256:mm", layers, 0, "sha256:cc")
        .forEach(
            (key, value) -> assertThat(key.length() + value.length()).isLessThanOrEqualTo(4096));
    String listed =
        SnapshotLabels.of("r.example/app:1", "sha256:mm", layers, 0, "sha256:cc")
            .getOrDefault("containerd.io/snapshot/cri.image-layers", "");
    assertThat(listed.split(",")).hasSizeGreaterThan(50).doesNotHaveDuplicates();
    assertThat(listed).startsWith(layers.getFirst().digest() + "," + layers.get(1).digest());
  }
}
