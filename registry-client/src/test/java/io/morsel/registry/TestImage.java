package io.morsel.registry;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** An image of random bytes for one platform, in an index, written to any target. */
final class TestImage {
  final byte[] layer;
  final Descriptor layerDescriptor;
  final VerifiedContent manifest;
  final VerifiedContent index;
  private final VerifiedContent config;

  TestImage(long seed, int layerBytes, Platform platform) {
    Random random = new Random(seed);
    layer = new byte[layerBytes];
    random.nextBytes(layer);
    layerDescriptor =
        Descriptor.of(MediaTypes.OCI_LAYER_GZIP, layer)
            .withAnnotations(Map.of("io.example.note", "x"));
    String configJson =
        "{\"architecture\":\"%s\",\"os\":\"%s\",\"config\":{\"Env\":[\"A=1\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}"
            .formatted(platform.architecture(), platform.os(), Digest.of(layer));
    config = VerifiedContent.of(MediaTypes.OCI_CONFIG, configJson.getBytes(StandardCharsets.UTF_8));
    manifest =
        VerifiedContent.of(
            MediaTypes.OCI_MANIFEST,
            new Manifest(
                    MediaTypes.OCI_MANIFEST,
                    config.descriptor(),
                    List.of(layerDescriptor),
                    Map.of())
                .toJson());
    index =
        VerifiedContent.of(
            MediaTypes.OCI_INDEX,
            new ImageIndex(
                    MediaTypes.OCI_INDEX,
                    List.of(manifest.descriptor().withPlatform(platform)),
                    Map.of())
                .toJson());
  }

  void writeTo(ImageTarget target) throws IOException {
    target.writeBlob(layerDescriptor, () -> new ByteArrayInputStream(layer));
    target.writeBlob(config.descriptor(), () -> new ByteArrayInputStream(config.bytes()));
    target.writeManifest(manifest);
    target.writeTop(index);
  }
}
