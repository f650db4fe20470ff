package io.morsel.cli.run;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.pull.ImagePull;
import io.morsel.cli.pull.ImageUnpack;
import io.morsel.cli.pull.PullRequest;
import io.morsel.cli.pull.PullSummary;
import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Terminal;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.ReadContentResponse;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistryException;
import io.morsel.registry.TransferListener;
import io.morsel.runtime.oci.ImageSettings;
import io.morsel.runtime.oci.SpecException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes sure that a core has an image, ready for a container. */
final class CoreImages {
  /** No manifest or configuration is larger. */
  private static final int MAX_DOCUMENT_BYTES = 16 << 20;

  private final CoreClient client;
  private final ImageChoice choice;
  private final String version;
  private final PrintWriter err;

  /** Of one core; what is pulled is told on {@code err}. */
  CoreImages(CoreClient client, ImageChoice choice, String version, PrintWriter err) {
    this.client = client;
    this.choice = choice;
    this.version = version;
    this.err = err;
  }

  /**
   * The image, unpacked or lazy; pulled before where it has to be and may be.
   *
   * @throws CommandException if the core has not got it, or refuses something
   * @throws IOException if the registry does not deliver
   */
  CoreImage require() throws CommandException, IOException, InterruptedException {
    Platform platform = Images.platform(choice.platform().orElse(null));
    try {
      if (choice.policy() != PullPolicy.ALWAYS) {
        Optional<CoreImage> present = find(platform);
        if (present.isPresent() && (isReady(present.get()) || unpack(present.get()))) {
          return present.get();
        }
        if (choice.policy() == PullPolicy.NEVER) {
          throw CommandException.failed(
              present.isPresent()
                  ? "image '"
                      + choice.reference()
                      + "' is not unpacked for snapshotter '"
                      + choice.snapshotter()
                      + "', and its layers are not all there; leave out --pull never"
                  : "image '"
                      + choice.reference()
                      + "' is not there; pull it, or leave out --pull never");
        }
      }
      pull(platform);
      return find(platform)
          .orElseThrow(
              () ->
                  CommandException.failed(
                      "image '"
                          + choice.reference()
                          + "' went away while it was pulled; try again"));
    } catch (StatusException failure) {
      throw CoreClient.failed("can't use image '" + choice.reference() + "'", failure);
    }
  }

  // --- what is there -----------------------------------------------------------------------------

  private Optional<CoreImage> find(Platform platform)
      throws StatusException, CommandException, InterruptedException {
    // As it was written, as other clients name images, or in full, as 'morsel pull' does.
    Set<String> names = new LinkedHashSet<>();
    names.add(choice.reference());
    names.add(Images.reference(choice.reference()).toString());
    for (String name : names) {
      try {
        Image image =
            client.images().get(GetImageRequest.newBuilder().setName(name).build()).getImage();
        return read(image, platform);
      } catch (StatusException failure) {
        if (!CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
          throw failure;
        }
      }
    }
    return Optional.empty();
  }

  /** Nothing where a document is missing, or the image is not for the platform. */
  private Optional<CoreImage> read(Image image, Platform platform)
      throws StatusException, CommandException, InterruptedException {
    try {
      String type = image.getTarget().getMediaType();
      byte[] top = blob(image.getTarget().getDigest());
      if (MediaTypes.isIndex(type)) {
        Optional<Descriptor> chosen = ImageIndex.parse(top, type).choose(platform);
        if (chosen.isEmpty()) {
          return Optional.empty();
        }
        type = chosen.get().mediaType();
        top = blob(chosen.get().digest().toString());
      }
      Manifest manifest = Manifest.parse(top, type);
      byte[] config = blob(manifest.config().digest().toString());
      return Optional.of(
          new CoreImage(
              image.getName(), manifest, ImageConfig.parse(config), ImageSettings.parse(config)));
    } catch (RegistryException | SpecException broken) {
      throw CommandException.failed(
          "image '" + image.getName() + "' is broken: " + broken.getMessage(), broken);
    }
  }

  private byte[] blob(String digest)
      throws StatusException, CommandException, InterruptedException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BlockingClientCall<?, ReadContentResponse> call =
        client.content().read(ReadContentRequest.newBuilder().setDigest(digest).build());
    for (ReadContentResponse part = call.read(); part != null; part = call.read()) {
      if (bytes.size() + part.getData().size() > MAX_DOCUMENT_BYTES) {
        call.cancel("too large", null);
        throw CommandException.failed(
            "image '"
                + choice.reference()
                + "' is broken: its document "
                + digest
                + " is larger than 16 MiB");
      }
      bytes.writeBytes(part.getData().toByteArray());
    }
    return bytes.toByteArray();
  }

  private boolean isReady(CoreImage image) throws StatusException {
    String chainId = ImageUnpack.chainId(image.config());
    if (chainId.isEmpty()) {
      return true;
    }
    try {
      var _ =
          client
              .snapshots()
              .stat(
                  StatSnapshotRequest.newBuilder()
                      .setSnapshotter(choice.snapshotter())
                      .setKey(chainId)
                      .build());
      return true;
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return false;
      }
      throw failure;
    }
  }

  private boolean unpack(CoreImage image) throws CommandException {
    return ImageUnpack.run(
        client.address(),
        client.namespace(),
        choice.snapshotter(),
        image.manifest(),
        image.config());
  }

  // --- what is not -------------------------------------------------------------------------------

  private void pull(Platform platform) throws CommandException, IOException, InterruptedException {
    ImageReference reference = Images.reference(choice.reference());
    PullRequest request =
        new PullRequest(
            reference,
            platform,
            client.address(),
            client.namespace(),
            choice.snapshotter(),
            choice.plainHttp(),
            true,
            Map.of());
    Set<String> plainHttpHosts = choice.plainHttp() ? Set.of(reference.registry()) : Set.of();
    ImagePull.Result result;
    boolean live = Terminal.isLive();
    try (RegistryClient registry = Images.client(version, plainHttpHosts, TransferListener.NONE);
        Progress progress = Progress.start(err, !live)) {
      result = ImagePull.run(request, registry.source(reference), progress);
    }
    for (PullSummary.Layer layer : result.layers()) {
      if (!live && layer.outcome() == PullSummary.Outcome.FULL) {
        err.println("layer " + layer.digest() + " pulled in full (" + layer.note() + ")");
      }
    }
  }
}
