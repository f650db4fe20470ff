package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.ImageFacts;
import io.morsel.cli.image.ManifestLeaves;
import io.morsel.cli.pull.ImageUnpack;
import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryException;
import io.morsel.runtime.oci.ImageSettings;
import io.morsel.runtime.oci.SpecException;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Looks for an image in a core. */
final class PresentImages {
  private final CoreClient client;
  private final ImageChoice choice;

  /** Of one core. */
  PresentImages(CoreClient client, ImageChoice choice) {
    this.client = client;
    this.choice = choice;
  }

  /**
   * The image where it is there, unpacked or lazy; else nothing. Nothing changes.
   *
   * @throws CommandException if what the core has of it is broken
   * @throws StatusException if the core refuses something
   */
  static Optional<CoreImage> findReady(CoreClient client, ImageChoice choice)
      throws CommandException, IOException, StatusException {
    PresentImages images = new PresentImages(client, choice);
    Optional<CoreImage> present = images.find(Images.platform(choice.platform().orElse(null)));
    return present.isPresent() && images.isReady(present.get()) ? present : Optional.empty();
  }

  /**
   * The image for a platform, be it ready or not; nothing where it is not there.
   *
   * @throws CommandException if what the core has of it is broken
   */
  Optional<CoreImage> find(Platform platform)
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

  /** Whether a container can be made of it: its layers are unpacked or lazy. */
  boolean isReady(CoreImage image) throws StatusException {
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
}
