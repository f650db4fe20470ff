package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
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
import io.morsel.registry.ImageReference;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.TransferListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes sure that a core has an image, ready for a container. */
final class CoreImages {
  private final CoreClient client;
  private final ImageChoice choice;
  private final PresentImages there;
  private final String version;
  private final PrintWriter err;

  /** Of one core; what is pulled is told on {@code err}. */
  CoreImages(CoreClient client, ImageChoice choice, String version, PrintWriter err) {
    this.client = client;
    this.choice = choice;
    this.there = new PresentImages(client, choice);
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
        Optional<CoreImage> present = there.find(platform);
        if (present.isPresent() && (there.isReady(present.get()) || unpack(present.get()))) {
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
      return there
          .find(platform)
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

  private boolean unpack(CoreImage image) throws CommandException {
    return ImageUnpack.run(
        client.address(),
        client.namespace(),
        choice.snapshotter(),
        image.manifest(),
        image.config());
  }

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
