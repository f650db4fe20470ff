package io.morsel.cli.convert;

import io.morsel.cli.source.ParallelTasks;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageSource;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryException;
import io.morsel.registry.RegistryException.Kind;
import io.morsel.registry.ResolvedImage;
import io.morsel.registry.VerifiedContent;
import io.morsel.stargz.writer.EstargzOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Converts images: layers to eStargz, documents to OCI's, everything else as it was.
 *
 * <p>Layers are converted in parallel. What the target's name means changes last of all, once
 * everything below is there, so that nobody sees an image that is not whole. The same image and
 * options always give the same digests.
 */
public final class ImageConverter {
  /** Deeper nested indexes are refused. */
  private static final int MAX_INDEX_DEPTH = 4;

  /** BuildKit marks what describes another manifest, rather than being an image, so. */
  private static final String REFERENCE_TYPE = "vnd.docker.reference.type";

  private final ImageSource source;
  private final ImageTarget target;
  private final LayerConverter layerConverter;
  private final EstargzOptions options;
  private final int jobs;
  private final ConvertListener listener;

  /** A manifest to be converted, and what the index that it comes from says of it. */
  private record Chosen(VerifiedContent content, Manifest manifest, Descriptor inIndex) {}

  /** A manifest with its configuration. */
  private record Loaded(Chosen chosen, ImageConfig config) {}

  /**
   * A converter from one place to another.
   *
   * @param compressors run what takes the processor
   * @param jobs how many layers are worked on at a time
   * @param scratchDirectory where layers are kept meanwhile; takes the uncompressed and the new
   *     size of all layers that are worked on at a time
   */
  public ImageConverter(
      ImageSource source,
      ImageTarget target,
      EstargzOptions options,
      ExecutorService compressors,
      int jobs,
      Path scratchDirectory,
      ConvertListener listener) {
    this.source = source;
    this.target = target;
    this.options = options;
    this.jobs = jobs;
    this.listener = listener;
    this.layerConverter =
        new LayerConverter(source, target, options, compressors, scratchDirectory, listener);
  }

  /**
   * Converts the image.
   *
   * @throws RegistryException if it can't be read or written, or lacks a platform
   * @throws io.morsel.stargz.LayerFormatException if a layer is malformed
   * @throws java.io.InterruptedIOException if the thread is interrupted; all work has stopped then
   */
  public ConvertedImage convert(PlatformChoice platforms) throws IOException {
    VerifiedContent top = source.top();
    @Nullable ImageIndex index =
        top.isIndex() ? ImageIndex.parse(top.bytes(), top.descriptor().mediaType()) : null;
    List<Loaded> images = new ArrayList<>();
    for (Chosen chosen : choose(top, index, platforms)) {
      images.add(load(chosen));
    }
    Map<Digest, ConvertedLayer> layers = convertLayers(images);
    noteMissingFiles(layers);

    List<VerifiedContent> manifests = new ArrayList<>();
    List<Descriptor> descriptors = new ArrayList<>();
    for (Loaded image : images) {
      VerifiedContent manifest = writeManifestBlobs(image, layers);
      manifests.add(manifest);
      descriptors.add(
          manifest
              .descriptor()
              .withAnnotations(image.chosen.inIndex.annotations())
              .withPlatform(image.chosen.inIndex.platform()));
    }
    VerifiedContent newTop;
    if (index != null && (manifests.size() > 1 || platforms instanceof PlatformChoice.All)) {
      for (VerifiedContent manifest : manifests) {
        target.writeManifest(manifest);
      }
      byte[] json = new ImageIndex(MediaTypes.OCI_INDEX, descriptors, index.annotations()).toJson();
      newTop = VerifiedContent.of(MediaTypes.OCI_INDEX, json);
    } else {
      newTop = manifests.getFirst();
    }
    target.writeTop(newTop);
    return new ConvertedImage(newTop.descriptor(), descriptors, List.copyOf(layers.values()));
  }

  private List<Chosen> choose(
      VerifiedContent top, @Nullable ImageIndex index, PlatformChoice platforms)
      throws IOException {
    if (index == null && !(platforms instanceof PlatformChoice.Listed)) {
      return List.of(chosen(top, top.descriptor()));
    }
    return switch (platforms) {
      case PlatformChoice.All _ -> {
        List<Chosen> all = new ArrayList<>();
        addAll(top, all, new HashSet<>(), 0);
        if (all.isEmpty()) {
          throw new RegistryException(
              Kind.NO_SUCH_PLATFORM, "the index of " + source.name() + " has no images");
        }
        yield all;
      }
      case PlatformChoice.Default _ -> List.of(resolve(Platform.current()));
      case PlatformChoice.Listed listed -> {
        Map<Digest, Chosen> each = new LinkedHashMap<>();
        for (Platform platform : listed.platforms()) {
          Chosen chosen = resolve(platform);
          each.putIfAbsent(chosen.content.descriptor().digest(), chosen);
        }
        yield List.copyOf(each.values());
      }
    };
  }

  private Chosen resolve(Platform platform) throws IOException {
    ResolvedImage image = source.resolve(platform);
    Descriptor descriptor = image.manifestDescriptor();
    return new Chosen(
        image.manifestContent(),
        image.manifest(),
        descriptor.platform() == null ? descriptor.withPlatform(platform) : descriptor);
  }

  private void addAll(VerifiedContent content, List<Chosen> all, Set<Digest> seen, int depth)
      throws IOException {
    if (depth > MAX_INDEX_DEPTH) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "indexes of %s are nested deeper than %d".formatted(source.name(), MAX_INDEX_DEPTH));
    }
    ImageIndex index = ImageIndex.parse(content.bytes(), content.descriptor().mediaType());
    for (Descriptor descriptor : index.manifests()) {
      if (descriptor.annotations().containsKey(REFERENCE_TYPE)) {
        listener.note(
            "%s is left out, since it attests the image as it was"
                .formatted(descriptor.annotations().get(REFERENCE_TYPE)));
      } else if (seen.add(descriptor.digest())) {
        VerifiedContent inner = source.manifest(descriptor);
        if (inner.isIndex()) {
          addAll(inner, all, seen, depth + 1);
        } else {
          all.add(chosen(inner, descriptor));
        }
      }
    }
  }

  private static Chosen chosen(VerifiedContent content, Descriptor inIndex) throws IOException {
    return new Chosen(
        content, Manifest.parse(content.bytes(), content.descriptor().mediaType()), inIndex);
  }

  private Loaded load(Chosen chosen) throws IOException {
    Manifest manifest = chosen.manifest;
    if (!MediaTypes.isImageConfig(manifest.config().mediaType())) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "%s is no container image: its configuration is of type %s"
              .formatted(source.name(), manifest.config().mediaType()));
    }
    ImageConfig config = source.config(manifest);
    if (config.diffIds().size() != manifest.layers().size()) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "the manifest %s of %s has %d layers, but its configuration %d"
              .formatted(
                  chosen.content.descriptor().digest(),
                  source.name(),
                  manifest.layers().size(),
                  config.diffIds().size()));
    }
    return new Loaded(chosen, config);
  }

  /** Converts the layers of all images, each once. */
  private Map<Digest, ConvertedLayer> convertLayers(List<Loaded> images) throws IOException {
    Map<Digest, ParallelTasks.Task<ConvertedLayer>> tasks = new LinkedHashMap<>();
    for (Loaded image : images) {
      List<Descriptor> layers = image.chosen.manifest.layers();
      for (int i = 0; i < layers.size(); i++) {
        Descriptor layer = layers.get(i);
        Digest diffId = image.config.diffIds().get(i);
        tasks.putIfAbsent(layer.digest(), () -> layerConverter.convert(layer, diffId));
      }
    }
    List<ConvertedLayer> converted = ParallelTasks.run(List.copyOf(tasks.values()), jobs);
    Map<Digest, ConvertedLayer> result = new LinkedHashMap<>();
    int next = 0;
    for (Digest digest : tasks.keySet()) {
      result.put(digest, converted.get(next++));
    }
    return result;
  }

  private void noteMissingFiles(Map<Digest, ConvertedLayer> layers) {
    Set<String> missing = new TreeSet<>(options.prioritizedFiles());
    layers.values().forEach(layer -> missing.retainAll(layer.missingFiles()));
    missing.forEach(path -> listener.note("no layer has the prioritized file " + path));
  }

  /** Writes the configuration; returns the manifest, whose content is then all there. */
  private VerifiedContent writeManifestBlobs(Loaded image, Map<Digest, ConvertedLayer> layers)
      throws IOException {
    Manifest old = image.chosen.manifest;
    List<Descriptor> descriptors = new ArrayList<>();
    List<Digest> diffIds = new ArrayList<>();
    for (Descriptor layer : old.layers()) {
      ConvertedLayer converted = layers.get(layer.digest());
      if (converted == null) {
        throw new IllegalStateException("layer " + layer.digest() + " was not converted");
      }
      descriptors.add(converted.descriptor());
      diffIds.add(converted.diffId());
    }
    byte[] config = image.config.withDiffIds(diffIds).content();
    Descriptor configDescriptor =
        Descriptor.of(MediaTypes.OCI_CONFIG, config).withAnnotations(old.config().annotations());
    target.writeBlob(configDescriptor, () -> new ByteArrayInputStream(config));
    Manifest manifest =
        new Manifest(MediaTypes.OCI_MANIFEST, configDescriptor, descriptors, old.annotations());
    return VerifiedContent.of(MediaTypes.OCI_MANIFEST, manifest.toJson());
  }
}
