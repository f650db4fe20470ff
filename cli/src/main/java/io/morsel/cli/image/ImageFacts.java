package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.images.Image;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.Manifest;
import io.morsel.registry.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an image is, by the documents of it that a core has.
 *
 * @param platforms the platforms whose manifests are there
 * @param sizeBytes what those manifests describe, in bytes as registries have it, whether it is
 *     there or not
 * @param manifest the manifest of this machine's platform or, where there is none, of another; with
 *     its configuration's labels in the content store
 */
public record ImageFacts(List<Platform> platforms, long sizeBytes, Optional<Chosen> manifest) {
  /**
   * A manifest that is there.
   *
   * @param descriptor what it is
   * @param manifest what it says
   * @param config the configuration that it names; empty where that is not there
   * @param configLabels the labels that the content store has for the configuration: they name the
   *     snapshots that the image has been unpacked to
   */
  public record Chosen(
      Descriptor descriptor,
      Manifest manifest,
      Optional<ImageConfig> config,
      Map<String, String> configLabels) {}

  /** Copies the list. */
  public ImageFacts {
    platforms = List.copyOf(platforms);
  }

  /** What an image points at. */
  public static Descriptor target(Image image) {
    var target = image.getTarget();
    return new Descriptor(
        target.getMediaType(), Digest.parse(target.getDigest()), target.getSize());
  }

  /**
   * Reads what there is of an image.
   *
   * @throws IOException if a document is malformed
   */
  public static ImageFacts read(ContentReader content, Image image)
      throws IOException, StatusException {
    Descriptor target = target(image);
    List<Chosen> there = new ArrayList<>();
    List<Platform> platforms = new ArrayList<>();
    long sizeBytes = 0;
    for (Descriptor each : ManifestLeaves.all(content, target)) {
      Optional<Chosen> chosen = chosen(content, each);
      if (chosen.isPresent()) {
        there.add(chosen.get());
        sizeBytes += sizeBytes(chosen.get());
        platform(chosen.get()).ifPresent(platforms::add);
      }
    }
    return new ImageFacts(platforms, sizeBytes, own(there));
  }

  private static Optional<Chosen> own(List<Chosen> manifests) {
    for (Platform wanted : Platform.current().candidates()) {
      for (Chosen each : manifests) {
        if (platform(each).filter(wanted::equals).isPresent()) {
          return Optional.of(each);
        }
      }
    }
    return manifests.stream().findFirst();
  }

  private static Optional<Chosen> chosen(ContentReader content, Descriptor descriptor)
      throws IOException, StatusException {
    Optional<byte[]> bytes = content.document(descriptor.digest().toString());
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    Manifest manifest = Manifest.parse(bytes.get(), descriptor.mediaType());
    String config = manifest.config().digest().toString();
    Optional<Info> info = content.info(config);
    return Optional.of(
        new Chosen(
            descriptor,
            manifest,
            info.isPresent()
                ? content.document(config).flatMap(ImageFacts::config)
                : Optional.empty(),
            info.map(Info::getLabelsMap).orElse(Map.of())));
  }

  /** What is no image's configuration, but some other artifact's, is none. */
  private static Optional<ImageConfig> config(byte[] bytes) {
    try {
      return Optional.of(ImageConfig.parse(bytes));
    } catch (IOException other) {
      return Optional.empty();
    }
  }

  private static Optional<Platform> platform(Chosen manifest) {
    Platform named = manifest.descriptor().platform();
    return named != null ? Optional.of(named) : manifest.config().flatMap(ImageConfig::platform);
  }

  private static long sizeBytes(Chosen chosen) {
    return chosen.descriptor().sizeBytes()
        + chosen.manifest().config().sizeBytes()
        + chosen.manifest().layers().stream().mapToLong(Descriptor::sizeBytes).sum();
  }
}
