package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.source.Images;
import io.morsel.cli.source.ParallelTasks;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.containerd.api.images.Image;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.TransferListener;
import io.morsel.registry.VerifiedContent;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** {@code morsel push}: an image of a core's into a registry. */
public final class ImagePush {
  /** How many blobs are sent at a time. */
  private static final int PARALLEL = 4;

  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(5);

  private final CoreClient client;
  private final ContentReader content;
  private final String version;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * A run that prints to these.
   *
   * @param version this program's version
   */
  public ImagePush(CoreClient client, String version, PrintWriter out, PrintWriter err) {
    this.client = client;
    this.content = new ContentReader(client);
    this.version = version;
    this.out = out;
    this.err = err;
  }

  /**
   * Pushes, and prints what came of it.
   *
   * @param json whether to print the summary as JSON, without progress
   * @param quiet whether to print the image's digest only
   * @return the exit code
   */
  public int run(PushRequest request, boolean json, boolean quiet) throws Exception {
    return Interruption.guard(CLEANUP_GRACE, () -> push(request, json, quiet));
  }

  private int push(PushRequest request, boolean json, boolean quiet)
      throws CommandException, IOException, StatusException, InterruptedException {
    long start = System.nanoTime();
    Image image = new ImageNames(client).require(request.image());
    String name = request.target() == null ? image.getName() : request.target();
    ImageReference reference = Images.reference(name);
    Set<String> plainHttpHosts = new LinkedHashSet<>();
    LongAdder sent = new LongAdder();
    TransferListener listener =
        new TransferListener() {
          @Override
          public void sent(String host, long bytes) {
            sent.add(bytes);
          }
        };
    if (request.plainHttp()) {
      plainHttpHosts.add(reference.registry());
    }
    Descriptor top;
    try (RegistryClient registry = Images.client(version, plainHttpHosts, listener);
        Progress progress = Progress.start(err, json || quiet)) {
      ImageTarget target = registry.target(reference);
      top = top(image, request.platform(), progress);
      BlobPush blobs =
          new BlobPush(content, target, new BlobOrigins(client, registry, image), progress);
      push(top, target, blobs, true);
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    if (json) {
      out.println(
          JsonMapper.shared()
              .createObjectNode()
              .put("image", reference.toString())
              .put("digest", top.digest().toString())
              .put("media_type", top.mediaType())
              .put("bytes_sent", sent.sum())
              .put("millis", millis)
              .toPrettyString());
    } else if (quiet) {
      out.println(top.digest());
    } else {
      out.println(
          "%s: %s, %s sent in %s"
              .formatted(
                  reference, top.digest(), Quantity.bytes(sent.sum()), Quantity.millis(millis)));
    }
    return ExitCode.OK;
  }

  /** What the registry's tag shall name: the image's index if all of that is there. */
  private Descriptor top(Image image, @Nullable Platform platform, Progress progress)
      throws CommandException, IOException, StatusException {
    Descriptor target = ImageFacts.target(image);
    if (!MediaTypes.isIndex(target.mediaType())) {
      return target;
    }
    ImageIndex index = ImageIndex.parse(document(target), target.mediaType());
    List<Descriptor> there = new ArrayList<>();
    for (Descriptor manifest : index.manifests()) {
      if (content.info(manifest.digest().toString()).isPresent()) {
        there.add(manifest);
      }
    }
    if (platform == null && there.size() == index.manifests().size()) {
      return target;
    }
    Platform wanted = platform == null ? Platform.current() : platform;
    Descriptor chosen =
        new ImageIndex(index.mediaType(), there, index.annotations())
            .choose(wanted)
            .orElseThrow(
                () ->
                    CommandException.failed(
                        "the content of image '"
                            + image.getName()
                            + "' for "
                            + wanted
                            + " is not there; pull it with --platform first"));
    if (platform == null) {
      progress.ended(
          "note",
          "note: of %d platforms only what is there is pushed, %s"
              .formatted(index.manifests().size(), wanted));
    }
    return chosen;
  }

  private byte[] document(Descriptor descriptor)
      throws CommandException, IOException, StatusException {
    Optional<byte[]> document = content.document(descriptor.digest().toString());
    return document.orElseThrow(
        () ->
            CommandException.failed(
                "the core has no content " + descriptor.digest() + "; pull the image again"));
  }

  private void push(Descriptor descriptor, ImageTarget target, BlobPush blobs, boolean isTop)
      throws CommandException, IOException, StatusException {
    byte[] bytes = document(descriptor);
    if (MediaTypes.isIndex(descriptor.mediaType())) {
      for (Descriptor each : ImageIndex.parse(bytes, descriptor.mediaType()).manifests()) {
        push(each, target, blobs, false);
      }
    } else {
      Manifest manifest = Manifest.parse(bytes, descriptor.mediaType());
      Set<Descriptor> wanted = new LinkedHashSet<>(manifest.layers());
      wanted.add(manifest.config());
      List<ParallelTasks.Task<Boolean>> tasks = new ArrayList<>();
      wanted.forEach(blob -> tasks.add(() -> blobs.push(blob)));
      var _ = ParallelTasks.run(tasks, PARALLEL);
    }
    VerifiedContent document = VerifiedContent.of(descriptor.mediaType(), bytes);
    if (!document.descriptor().digest().equals(descriptor.digest())) {
      throw new IOException(
          "content " + descriptor.digest() + " is not named by SHA-256, which registries want");
    }
    if (isTop) {
      target.writeTop(document);
    } else {
      target.writeManifest(document);
    }
  }
}
