package io.morsel.cli.convert;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.Zstd;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.VerifiedContent;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Makes small images to be converted. */
final class SampleImage {
  private SampleImage() {}

  /** A tar with some files made up from a seed. */
  static byte[] tar(long seed) {
    Random random = new Random(seed);
    var tar = new ByteArrayOutputStream();
    for (int i = 0; i < 20; i++) {
      byte[] content = new byte[random.nextInt(50_000)];
      random.nextBytes(content);
      TarHeaders.write(TarEntry.file("layer-" + seed + "/file-" + i, 0644, content.length), tar);
      tar.writeBytes(content);
      tar.writeBytes(new byte[TarHeaders.padding(content.length)]);
    }
    tar.writeBytes(new byte[TarHeaders.END_BYTES]);
    return tar.toByteArray();
  }

  /**
   * Writes an image of three layers, plain, gzip and zstd; Docker's types have gzip only.
   *
   * @return the manifest, which nothing names yet
   */
  static VerifiedContent write(ImageTarget target, boolean docker, String architecture, long seed)
      throws IOException {
    List<Descriptor> layers = new ArrayList<>();
    List<String> diffIds = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      // The lowest layer is the same for all architectures.
      byte[] tar = tar(i == 0 ? 0 : seed + i);
      diffIds.add("\"" + Digest.of(tar) + "\"");
      Descriptor layer;
      byte[] blob;
      if (docker || i == 1) {
        blob = gzip(tar);
        layer =
            Descriptor.of(docker ? MediaTypes.DOCKER_LAYER_GZIP : MediaTypes.OCI_LAYER_GZIP, blob);
      } else if (i == 0) {
        blob = tar;
        layer = Descriptor.of(MediaTypes.OCI_LAYER, blob);
      } else {
        blob = Zstd.compress(tar);
        layer =
            Descriptor.of(MediaTypes.OCI_LAYER_ZSTD, blob)
                .withAnnotations(
                    Map.of(
                        "io.github.containers.zstd-chunked.manifest-position",
                        "1:2:3:1",
                        "kept",
                        "yes"));
      }
      target.writeBlob(layer, () -> new ByteArrayInputStream(blob));
      layers.add(layer);
    }
    byte[] config = config(architecture, diffIds).getBytes(UTF_8);
    Descriptor configDescriptor =
        Descriptor.of(docker ? MediaTypes.DOCKER_CONFIG : MediaTypes.OCI_CONFIG, config);
    target.writeBlob(configDescriptor, () -> new ByteArrayInputStream(config));
    String type = docker ? MediaTypes.DOCKER_MANIFEST : MediaTypes.OCI_MANIFEST;
    Map<String, String> annotations = docker ? Map.of() : Map.of("image", "annotation");
    return VerifiedContent.of(
        type, new Manifest(type, configDescriptor, layers, annotations).toJson());
  }

  /** A configuration with what must survive, some of it unknown to Morsel. */
  private static String config(String architecture, List<String> diffIds) {
    return """
    {"architecture":"%s","os":"linux","created":"2020-01-01T00:00:00Z",
     "config":{"Cmd":["/bin/app"],"Env":["A=1"],"x-unknown":[1.50,null]},
     "rootfs":{"type":"layers","diff_ids":[%s]},
     "history":[{"created_by":"test","empty_layer":true},{"created_by":"more"}]}
    """
        .formatted(architecture, String.join(",", diffIds));
  }

  /** Writes an index of two platforms, with an attestation, as the target's image. */
  static void writeIndex(ImageTarget target) throws IOException {
    List<Descriptor> manifests = new ArrayList<>();
    for (String architecture : List.of("amd64", "arm64")) {
      VerifiedContent manifest =
          write(target, false, architecture, architecture.equals("amd64") ? 10 : 20);
      target.writeManifest(manifest);
      manifests.add(manifest.descriptor().withPlatform(new Platform("linux", architecture, "")));
    }
    VerifiedContent attestation = VerifiedContent.of(MediaTypes.OCI_MANIFEST, "{}".getBytes(UTF_8));
    manifests.add(
        attestation
            .descriptor()
            .withAnnotations(Map.of("vnd.docker.reference.type", "attestation-manifest"))
            .withPlatform(new Platform("unknown", "unknown", "")));
    byte[] index =
        new ImageIndex(MediaTypes.OCI_INDEX, manifests, Map.of("index", "annotation")).toJson();
    target.writeTop(VerifiedContent.of(MediaTypes.OCI_INDEX, index));
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }
}
