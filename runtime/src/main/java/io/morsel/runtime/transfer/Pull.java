package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.ImageSource;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.RemoteBlob;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.image.Descriptors;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.runtime.transfer.ProgressReport.Item;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Pulls an image from a registry into the core.
 *
 * <p>Manifests and configurations go into the content store. The layers go the same way, or to the
 * snapshotters that the client wants them unpacked with, of which a lazy one needs none of their
 * bytes. The image gets its name last, so that an image that is listed is one that runs. Semantics
 * are those of containerd's package {@code core/transfer/local} of 2.2.
 */
final class Pull {
  private static final int MAX_INDEX_DEPTH = 3;

  /** More than images have; what an index of indexes can name is bounded by nothing else. */
  private static final int MAX_DOCUMENTS = 1000;

  private final Job job;
  private final ImageReference reference;
  private final ImageSource source;
  private final ImageStore wanted;
  private final PlatformChoice choice;
  private final List<Unpacks.Unpack> unpacks;
  private final Map<String, String> origin;
  private int documents;

  private Pull(
      Job job,
      ImageReference reference,
      ImageSource source,
      ImageStore wanted,
      List<Unpacks.Unpack> unpacks) {
    this.job = job;
    this.reference = reference;
    this.source = source;
    this.wanted = wanted;
    this.choice = PlatformChoice.of(wanted);
    this.unpacks = unpacks;
    this.origin = ImageLabels.source(reference.registry(), reference.repository());
  }

  /**
   * Pulls.
   *
   * @param source the image in its registry
   * @param from what progress calls the registry
   * @param wanted which of the image is wanted, by what name, and unpacked with what
   */
  static void run(
      Job job, ImageReference reference, ImageSource source, String from, ImageStore wanted)
      throws ContainerdException {
    new Pull(job, reference, source, wanted, Unpacks.of(job, wanted)).run(from);
  }

  private void run(String from) throws ContainerdException {
    job.progress().say("Resolving from " + from);
    VerifiedContent top;
    try {
      top = job.workers().run(source::top);
    } catch (ContainerdException e) {
      throw e.during("failed to resolve image");
    }
    Descriptor target = top.descriptor();
    // Before anything is fetched for nothing.
    List<String> names = ImageNames.of(wanted, target.digest().toString());
    job.progress().say("Pulling from " + from);
    job.progress().say("fetching image content", reference.toString(), target);
    document(top, target, List.of(reference.toString()), false, 0);
    job.workers().check();
    for (String name : names) {
      Image image = job.names().put(name, Descriptors.wire(target), wanted.getLabelsMap());
      job.progress().say("saved", image.getName(), target);
    }
    job.progress().say("Completed pull from " + from);
  }

  /**
   * An index or a manifest, with what it refers to.
   *
   * @param descriptor as what refers to it has it
   * @param parents what progress calls what refers to it
   * @param metadataOnly whether layers are left out
   */
  private void document(
      VerifiedContent content,
      Descriptor descriptor,
      List<String> parents,
      boolean metadataOnly,
      int depth)
      throws ContainerdException {
    if (depth > MAX_INDEX_DEPTH || ++documents > MAX_DOCUMENTS) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "image "
              + reference
              + " has indexes in indexes, or over "
              + MAX_DOCUMENTS
              + " manifests");
    }
    try {
      if (content.isIndex()) {
        index(content, descriptor, parents, metadataOnly, depth);
      } else {
        manifest(content, descriptor, parents, metadataOnly);
      }
    } catch (IOException e) {
      throw Failures.of(e);
    }
  }

  private void index(
      VerifiedContent content,
      Descriptor descriptor,
      List<String> parents,
      boolean metadataOnly,
      int depth)
      throws IOException, ContainerdException {
    ImageIndex index = ImageIndex.parse(content.bytes(), content.descriptor().mediaType());
    String name = write("index", descriptor, content.bytes(), ImageLabels.of(index), parents);
    for (PlatformChoice.Child child : choice.of(index, descriptor.digest().toString())) {
      job.workers().check();
      Descriptor below = child.descriptor();
      boolean withoutLayers = metadataOnly || child.metadataOnly();
      if (MediaTypes.isIndex(below.mediaType()) || MediaTypes.isManifest(below.mediaType())) {
        VerifiedContent document = job.workers().run(() -> source.manifest(below));
        document(document, below, List.of(name), withoutLayers, depth + 1);
      } else if (!withoutLayers) {
        blob("unknown", below, List.of(name));
      }
    }
  }

  private void manifest(
      VerifiedContent content, Descriptor descriptor, List<String> parents, boolean metadataOnly)
      throws IOException, ContainerdException {
    Manifest manifest = Manifest.parse(content.bytes(), content.descriptor().mediaType());
    String name = write("manifest", descriptor, content.bytes(), ImageLabels.of(manifest), parents);
    if (!MediaTypes.isImageConfig(manifest.config().mediaType())) {
      blob("config", manifest.config(), List.of(name));
      if (!metadataOnly) {
        fetches(manifest, name).all();
      }
      return;
    }
    ImageConfig config = job.workers().run(() -> source.config(manifest));
    write("config", manifest.config(), config.content(), Map.of(), List.of(name));
    if (metadataOnly) {
      return;
    }
    LayerFetches fetches = fetches(manifest, name);
    boolean unpacked =
        Unpacks.run(
            job, unpacks, Optional.of(reference.toString()), descriptor, manifest, config, fetches);
    if (!unpacked) {
      fetches.all();
    }
  }

  private LayerFetches fetches(Manifest manifest, String parent) {
    return new LayerFetches(job, this::opener, origin, manifest.layers(), parent);
  }

  private Blobs.Opener opener(Descriptor descriptor) {
    RemoteBlob blob = source.blob(descriptor);
    return offset -> blob.open(offset, descriptor.sizeBytes() - offset);
  }

  /** Writes a document that is here; what progress calls it. */
  private String write(
      String kind,
      Descriptor descriptor,
      byte[] bytes,
      Map<String, String> references,
      List<String> parents)
      throws IOException, ContainerdException {
    Map<String, String> labels = new HashMap<>(origin);
    labels.putAll(references);
    String name = Blobs.name(kind, descriptor);
    Item item = job.progress().item(name, parents, descriptor);
    boolean written =
        job.blobs()
            .ensure(
                kind,
                descriptor,
                labels,
                offset ->
                    new ByteArrayInputStream(
                        bytes, Math.toIntExact(offset), bytes.length - Math.toIntExact(offset)),
                _ -> {});
    item.end(written ? "complete" : "already exists");
    return name;
  }

  /** Fetches a blob that is nothing of an image that runs. */
  private void blob(String kind, Descriptor descriptor, List<String> parents)
      throws ContainerdException {
    Item item = job.progress().item(Blobs.name(kind, descriptor), parents, descriptor);
    boolean written =
        job.workers()
            .run(
                () ->
                    job.blobs()
                        .ensure(
                            kind,
                            descriptor,
                            origin,
                            opener(descriptor),
                            bytes -> item.at("downloading", bytes)));
    item.end(written ? "complete" : "already exists");
  }
}
