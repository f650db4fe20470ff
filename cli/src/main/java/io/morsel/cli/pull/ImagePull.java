package io.morsel.cli.pull;

import com.google.protobuf.FieldMask;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.LazyBytes;
import io.morsel.cli.pull.PullSummary.Outcome;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.CreateImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.images.UpdateImageRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.registry.ChainIds;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageSource;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.ResolvedImage;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.runtime.image.SnapshotLabels;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Pulls one image into containerd.
 *
 * <p>Manifests and configuration go into the content store. Then each layer, from the lowest to the
 * highest, is offered to the snapshotter together with what it needs to fetch the layer by itself:
 * one that answers that the snapshot is there already shows the layer lazily; for any other answer
 * the layer is fetched and unpacked, as plain containerd does it. The image appears in containerd
 * last, so that an image that is listed is one that runs.
 */
public final class ImagePull {
  private final PullRequest request;
  private final ImageSource source;
  private final Progress progress;
  private final Containerd containerd;
  private final ContentStore store;
  private final Snapshots snapshots;

  /**
   * What was pulled.
   *
   * @param digest the digest of what the reference names, an index or a manifest
   * @param layers the layers, the lowest first
   */
  public record Result(Digest digest, List<PullSummary.Layer> layers) {
    /** Copies the layers. */
    public Result {
      layers = List.copyOf(layers);
    }
  }

  /** What is being done, for the message should it fail. */
  private String step = "starting";

  private ImagePull(
      PullRequest request, ImageSource source, Progress progress, Containerd containerd) {
    this.request = request;
    this.source = source;
    this.progress = progress;
    this.containerd = containerd;
    this.store = new ContentStore(containerd);
    this.snapshots = new Snapshots(containerd, request.snapshotter());
  }

  /**
   * Pulls the image. An interrupt of the thread ends it early; nothing is left behind then either.
   *
   * @param source where to read the image from
   * @return what the reference names, and what became of each layer
   * @throws CommandException if containerd can't be talked to, or refuses something
   * @throws IOException if the registry does not deliver
   */
  public static Result run(PullRequest request, ImageSource source, Progress progress)
      throws CommandException, IOException, InterruptedException {
    try (Containerd containerd = Containerd.connect(request.address(), request.namespace())) {
      containerd.requireSnapshotter(request.snapshotter());
      ImagePull pull = new ImagePull(request, source, progress, containerd);
      try {
        return pull.run();
      } catch (StatusException failure) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        throw CommandException.failed(
            "can't pull "
                + request.reference()
                + ": "
                + pull.step
                + ": "
                + CoreClient.message(failure),
            failure);
      }
    }
  }

  /** A layer's name in progress. */
  static String title(int index, List<Descriptor> layers) {
    Descriptor layer = layers.get(index);
    return "layer %d/%d  %s:%s  %9s"
        .formatted(
            index + 1,
            layers.size(),
            layer.digest().algorithm(),
            layer.digest().hex().substring(0, 12),
            Quantity.bytes(layer.sizeBytes()));
  }

  private Result run() throws CommandException, IOException, StatusException, InterruptedException {
    progress.running("resolve", () -> "resolving " + request.reference());
    ResolvedImage image = source.resolve(request.platform());
    Manifest manifest = image.manifest();
    if (!MediaTypes.isImageConfig(manifest.config().mediaType())) {
      throw CommandException.failed(
          request.reference()
              + " is not a container image: its configuration is of type "
              + manifest.config().mediaType());
    }
    ImageConfig config = source.config(manifest);
    if (config.diffIds().size() != manifest.layers().size()) {
      throw CommandException.failed(
          request.reference()
              + " is broken: its manifest has "
              + manifest.layers().size()
              + " layers, its configuration "
              + config.diffIds().size());
    }
    progress.ended("resolve");

    Map<String, String> origin =
        ImageLabels.source(request.reference().registry(), request.reference().repository());
    writeDocuments(image, config, origin);
    List<String> chain = ChainIds.of(config.diffIds());
    List<PullSummary.Layer> layers = new ArrayList<>();
    try (LayerFetches fetches =
        new LayerFetches(source, store, origin, manifest.layers(), progress)) {
      for (int i = 0; i < chain.size(); i++) {
        PullSummary.Layer layer = layer(i, image, config.diffIds().get(i), chain, fetches);
        layers.add(layer);
        progress.ended("layer", title(i, manifest.layers()) + "  " + describe(layer));
      }
    }
    if (!chain.isEmpty()) {
      step = "tying the snapshots to the image";
      store.addLabels(
          manifest.config(), Map.of(ImageLabels.SNAPSHOT + request.snapshotter(), chain.getLast()));
    }
    publish(image.target());
    return new Result(image.target().digest(), layers);
  }

  // --- manifests and configuration ---------------------------------------------------------------

  private void writeDocuments(ResolvedImage image, ImageConfig config, Map<String, String> origin)
      throws IOException, StatusException, InterruptedException {
    VerifiedContent index = image.index();
    if (index != null) {
      ImageIndex parsed = ImageIndex.parse(index.bytes(), index.descriptor().mediaType());
      Map<String, String> labels = new HashMap<>(origin);
      labels.putAll(ImageLabels.of(parsed));
      write("index", index.descriptor(), index.bytes(), labels);
    }
    Map<String, String> labels = new HashMap<>(origin);
    labels.putAll(ImageLabels.of(image.manifest()));
    write("manifest", image.manifestDescriptor(), image.manifestContent().bytes(), labels);
    write("config", image.manifest().config(), config.content(), origin);
  }

  private void write(String kind, Descriptor blob, byte[] bytes, Map<String, String> labels)
      throws IOException, StatusException, InterruptedException {
    step = "writing the " + kind + " " + blob.digest() + " into the content store";
    boolean _ =
        store.ensure(
            kind,
            blob,
            labels,
            offset ->
                new ByteArrayInputStream(
                    bytes, Math.toIntExact(offset), bytes.length - Math.toIntExact(offset)),
            _ -> {});
  }

  // --- layers ------------------------------------------------------------------------------------

  private PullSummary.Layer layer(
      int index, ResolvedImage image, Digest diffId, List<String> chain, LayerFetches fetches)
      throws CommandException, IOException, StatusException, InterruptedException {
    List<Descriptor> layers = image.manifest().layers();
    Descriptor layer = layers.get(index);
    String chainId = chain.get(index);
    String about = "layer " + layer.digest() + " with snapshotter '" + request.snapshotter() + "'";
    progress.running("layer", () -> title(index, layers) + "  preparing");

    step = "looking for " + about;
    Optional<Info> present = snapshots.find(chainId);
    if (present.isPresent()) {
      fetches.cancel(index);
      boolean remote = present.get().containsLabels(SnapshotLabels.REMOTE);
      return there(layer, chainId, Outcome.PRESENT, remote ? "lazy" : "", present.get());
    }
    step = "preparing " + about;
    Map<String, String> labels =
        request.lazy()
            ? SnapshotLabels.of(
                request.reference().toString(),
                image.manifestDescriptor().digest().toString(),
                layers,
                index,
                chainId)
            : Map.of();
    return switch (snapshots.prepare(chainId, index == 0 ? "" : chain.get(index - 1), labels)) {
      case Snapshots.Preparation.Lazy(Info snapshot) -> {
        fetches.cancel(index);
        yield there(layer, chainId, Outcome.LAZY, "", snapshot);
      }
      case Snapshots.Preparation.Unpack unpack -> {
        fetches.startFrom(index);
        boolean committed = false;
        try {
          unpack(index, layers, diffId, unpack, about, fetches);
          step = "committing " + about;
          snapshots.commit(unpack.key(), chainId, labels);
          committed = true;
        } finally {
          if (!committed) {
            snapshots.remove(unpack.key());
          }
        }
        yield new PullSummary.Layer(
            layer.digest().toString(),
            layer.sizeBytes(),
            chainId,
            Outcome.FULL,
            whyFull(layer),
            Optional.empty());
      }
    };
  }

  private void unpack(
      int index,
      List<Descriptor> layers,
      Digest diffId,
      Snapshots.Preparation.Unpack unpack,
      String about,
      LayerFetches fetches)
      throws CommandException, IOException, StatusException, InterruptedException {
    Descriptor layer = layers.get(index);
    // The fetch has a line of its own.
    progress.ended("layer");
    step = "fetching " + about;
    fetches.await(index);
    progress.running("layer", () -> title(index, layers) + "  unpacking");
    step = "unpacking " + about;
    String applied = containerd.apply(layer, unpack.mounts());
    if (!applied.equals(diffId.toString())) {
      throw CommandException.failed(
          "can't pull "
              + request.reference()
              + ": layer "
              + layer.digest()
              + " unpacks to "
              + applied
              + ", but the image's configuration says "
              + diffId
              + "; the image is broken");
    }
    step = "labelling " + about;
    store.addLabels(layer, Map.of(ImageLabels.UNCOMPRESSED, applied));
  }

  private String whyFull(Descriptor layer) {
    if (!request.lazy()) {
      return "--no-lazy";
    }
    return SnapshotLabels.hasToc(layer)
        ? "snapshotter '" + request.snapshotter() + "' did not take it lazily, see its log"
        : "its manifest names no TOC digest: not converted to eStargz?";
  }

  private static PullSummary.Layer there(
      Descriptor layer, String chainId, Outcome outcome, String note, Info snapshot) {
    return new PullSummary.Layer(
        layer.digest().toString(),
        layer.sizeBytes(),
        chainId,
        outcome,
        note,
        LazyBytes.of(snapshot.getLabelsMap()));
  }

  private static String describe(PullSummary.Layer layer) {
    // A snapshotter can tell how much there is once it has the layer's index.
    String bytes = layer.lazyBytes().map(known -> ", index ready, " + known + " here").orElse("");
    return switch (layer.outcome()) {
      case LAZY -> "lazy" + bytes;
      case PRESENT -> "already there" + (layer.note().isEmpty() ? "" : ", " + layer.note()) + bytes;
      case FULL -> "pulled in full (" + layer.note() + ")";
    };
  }

  // --- the image ---------------------------------------------------------------------------------

  private void publish(Descriptor target) throws StatusException {
    step = "naming the image in containerd";
    Image image =
        Image.newBuilder()
            .setName(request.reference().toString())
            .setTarget(
                io.morsel.containerd.api.types.Descriptor.newBuilder()
                    .setMediaType(target.mediaType())
                    .setDigest(target.digest().toString())
                    .setSize(target.sizeBytes()))
            .putAllLabels(new LinkedHashMap<>(request.labels()))
            .build();
    try {
      var _ = containerd.images().create(CreateImageRequest.newBuilder().setImage(image).build());
    } catch (StatusException failure) {
      if (!CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
        throw failure;
      }
      FieldMask.Builder mask = FieldMask.newBuilder().addPaths("target");
      request.labels().keySet().forEach(key -> mask.addPaths("labels." + key));
      var _ =
          containerd
              .images()
              .update(UpdateImageRequest.newBuilder().setImage(image).setUpdateMask(mask).build());
    }
  }
}
