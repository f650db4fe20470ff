package io.morsel.snapshotter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.morsel.prefetch.LayerSource;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RemoteBlob;
import io.morsel.registry.VerifiedContent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds in an image's manifest what labels do not say of a layer: its size, and its TOC digest as
 * the image's author gave it.
 *
 * <p>Safe for use by many threads; manifests are kept for some minutes, as a pull asks for the same
 * one with every layer.
 */
final class LayerFinder {
  /** The layer descriptor's annotation that names the TOC's digest: estargz.md, "TOC digest". */
  private static final String TOC_ANNOTATION = Labels.TOC_DIGEST;

  private static final int MAX_MANIFESTS_IN_INDEX = 64;
  private static final int MAX_CACHED = 256;
  private static final Duration MANIFEST_LIFETIME = Duration.ofMinutes(5);

  /** A layer that was found, and the image that has it. */
  record Found(LayerSource source, RemoteBlob blob, LayerImage image) {}

  /** A manifest that was read. */
  private record Known(Digest digest, Manifest manifest) {
    static Known of(VerifiedContent content, String mediaType) throws IOException {
      return new Known(content.descriptor().digest(), Manifest.parse(content.bytes(), mediaType));
    }

    Optional<Descriptor> layer(Digest digest) {
      return manifest.layers().stream()
          .filter(descriptor -> descriptor.digest().equals(digest))
          .findFirst();
    }

    long layerBytes() {
      return manifest.layers().stream().mapToLong(Descriptor::sizeBytes).sum();
    }
  }

  private final RegistryClient registry;
  private final Cache<String, Known> manifests =
      Caffeine.newBuilder().maximumSize(MAX_CACHED).expireAfterWrite(MANIFEST_LIFETIME).build();

  private final KeyLocks locks = new KeyLocks();

  LayerFinder(RegistryClient registry) {
    this.registry = registry;
  }

  /**
   * Finds the layer.
   *
   * @throws FallbackException if the labels make no sense or the manifest does not have the layer
   * @throws IOException if the registry can't be asked
   */
  Found find(LayerRequest request) throws IOException, FallbackException {
    ImageReference reference = reference(request);
    Digest layer = digest(request.layer());
    Known manifest = manifest(request, reference, layer);
    Descriptor descriptor = manifest.layer(layer).orElseThrow();
    String annotated = descriptor.annotations().getOrDefault(TOC_ANNOTATION, "");
    requireSameToc(annotated, request);
    LayerSource source =
        new LayerSource(
            reference.toString(),
            layer,
            descriptor.sizeBytes(),
            annotated.isEmpty() ? request.tocDigest() : annotated);
    return new Found(
        source,
        registry.blob(reference, layer, descriptor.sizeBytes()),
        new LayerImage(reference, manifest.digest(), manifest.layerBytes()));
  }

  /**
   * Compares the TOC digest that the manifest names with that of the labels, where both are there.
   */
  static void requireSameToc(String annotated, LayerRequest request) throws FallbackException {
    if (!annotated.isEmpty()
        && !request.tocDigest().isEmpty()
        && !annotated.equals(request.tocDigest())) {
      throw new FallbackException(
          FallbackReason.TOC_DIGEST_MISMATCH,
          "the manifest says that its TOC has digest "
              + annotated
              + ", the labels say "
              + request.tocDigest());
    }
  }

  /** A layer of known size, to be read when it is needed; asks nobody for anything now. */
  RemoteBlob blob(LayerRequest request, long sizeBytes) throws FallbackException {
    return registry.blob(reference(request), digest(request.layer()), sizeBytes);
  }

  /** The same of a layer that was found once. */
  RemoteBlob blob(LayerSource source) {
    return registry.blob(
        ImageReference.parse(source.reference()), source.digest(), source.sizeBytes());
  }

  static Digest digest(String text) throws FallbackException {
    try {
      return Digest.parse(text);
    } catch (IllegalArgumentException e) {
      throw new FallbackException(FallbackReason.BAD_LABELS, String.valueOf(e.getMessage()), e);
    }
  }

  private static ImageReference reference(LayerRequest request) throws FallbackException {
    try {
      return ImageReference.parse(request.reference());
    } catch (IllegalArgumentException e) {
      throw new FallbackException(FallbackReason.BAD_LABELS, String.valueOf(e.getMessage()), e);
    }
  }

  /** The manifest that has the layer. */
  private Known manifest(LayerRequest request, ImageReference reference, Digest layer)
      throws IOException, FallbackException {
    ImageReference exact =
        request.manifest().isEmpty() ? reference : reference.withDigest(digest(request.manifest()));
    // All layers of an image are asked for at once: the first call reads the manifest for them.
    try (var _ = locks.lock(exact.toString())) {
      return manifestAlone(exact, layer);
    }
  }

  private Known manifestAlone(ImageReference exact, Digest layer)
      throws IOException, FallbackException {
    Known known = manifests.getIfPresent(exact.toString());
    if (known != null && known.layer(layer).isPresent()) {
      return known;
    }
    for (Candidate candidate : candidates(exact)) {
      Known manifest = candidate.read();
      if (manifest.layer(layer).isPresent()) {
        manifests.put(exact.toString(), manifest);
        return manifest;
      }
    }
    throw new FallbackException(
        FallbackReason.NOT_IN_MANIFEST,
        "the manifest of "
            + exact
            + " in the registry does not have the layer; it may have been"
            + " replaced since");
  }

  /** A manifest that may have the layer. */
  @FunctionalInterface
  private interface Candidate {
    Known read() throws IOException;
  }

  /** The image's manifest or, of an index, all of them, this machine's platform first. */
  private List<Candidate> candidates(ImageReference reference) throws IOException {
    VerifiedContent top = registry.manifest(reference);
    String type = top.descriptor().mediaType();
    if (!MediaTypes.isIndex(type)) {
      return List.of(() -> Known.of(top, type));
    }
    ImageIndex index = ImageIndex.parse(top.bytes(), type);
    List<Descriptor> descriptors = new ArrayList<>();
    index.choose(Platform.current()).ifPresent(descriptors::add);
    index.manifests().stream()
        .filter(descriptor -> !descriptors.contains(descriptor))
        .filter(descriptor -> MediaTypes.isManifest(descriptor.mediaType()))
        .forEach(descriptors::add);
    return descriptors.stream()
        .limit(MAX_MANIFESTS_IN_INDEX)
        .<Candidate>map(
            descriptor ->
                () -> Known.of(registry.manifest(reference, descriptor), descriptor.mediaType()))
        .toList();
  }
}
