package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.ImageFacts;
import io.morsel.cli.image.ManifestLeaves;
import io.morsel.cli.pull.ImagePull;
import io.morsel.cli.pull.ImageUnpack;
import io.morsel.cli.pull.PullRequest;
import io.morsel.cli.pull.PullSummary;
import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Terminal;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageReference;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistryException;
import io.morsel.registry.TransferListener;
import io.morsel.runtime.oci.ImageSettings;
import io.morsel.runtime.oci.SpecException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes sure that a core has an image, ready for a container. */
final class CoreImages {
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
      throws StatusException, CommandException, IOException {
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

  /** Nothing where all that is for the platform lacks a document, or nothing is. */
  private Optional<CoreImage> read(Image image, Platform platform)
      throws StatusException, CommandException, IOException {
    ContentReader content = new ContentReader(client);
    Descriptor target = ImageFacts.target(image);
    try {
      for (Descriptor leaf : ManifestLeaves.of(content, target, platform)) {
        // What an image is by itself nobody has chosen for a platform.
        boolean configTells = leaf.platform() == null && MediaTypes.isIndex(target.mediaType());
        Optional<CoreImage> read = read(content, image.getName(), leaf, configTells, platform);
        if (read.isPresent()) {
          return read;
        }
      }
      return Optional.empty();
    } catch (RegistryException | SpecException broken) {
      throw CommandException.failed(
          "image '" + image.getName() + "' is broken: " + broken.getMessage(), broken);
    }
  }

  /**
   * One manifest and its configuration.
   *
   * @param configTells whether only the configuration says what it is for: as long as it is one
   */
  private static Optional<CoreImage> read(
      ContentReader content, String name, Descriptor leaf, boolean configTells, Platform platform)
      throws StatusException, IOException, SpecException {
    Optional<byte[]> document = content.document(leaf.digest().toString());
    if (document.isEmpty()) {
      return Optional.empty();
    }
    Manifest manifest = Manifest.parse(document.get(), leaf.mediaType());
    if (configTells && !MediaTypes.isImageConfig(manifest.config().mediaType())) {
      // Some other artifact: a signature, or how the image was built.
      return Optional.empty();
    }
    Optional<byte[]> bytes = content.document(manifest.config().digest().toString());
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    ImageConfig config = ImageConfig.parse(bytes.get());
    if (configTells && config.platform().filter(platform::runs).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new CoreImage(name, manifest, config, ImageSettings.parse(bytes.get())));
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
    try {
      var _ =
          Interruption.onVirtualThread(
              () -> {
                fetch(platform);
                return true;
              });
    } catch (CommandException | IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void fetch(Platform platform) throws CommandException, IOException, InterruptedException {
    ImageReference reference = Images.reference(choice.reference());
    Path hosts = Images.hostsDirectory(choice.hostsDirectory(), choice.config());
    PullRequest request =
        new PullRequest(
            reference,
            platform,
            client.address(),
            client.namespace(),
            choice.snapshotter(),
            choice.plainHttp(),
            hosts,
            true,
            Map.of());
    Set<String> plainHttpHosts = choice.plainHttp() ? Set.of(reference.registry()) : Set.of();
    ImagePull.Result result;
    boolean live = Terminal.isLive();
    try (RegistryClient registry =
            Images.client(version, plainHttpHosts, hosts, TransferListener.NONE);
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
