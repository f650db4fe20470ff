package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.container.Containers;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.images.CreateImageRequest;
import io.morsel.containerd.api.images.DeleteImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.images.UpdateImageRequest;
import java.util.List;

/** {@code morsel tag} and {@code morsel rmi}. */
public final class ImageChanges {
  private final CoreClient client;
  private final ImageNames names;

  /** Those of the client's namespace. */
  public ImageChanges(CoreClient client) {
    this.client = client;
    this.names = new ImageNames(client);
  }

  /**
   * Gives an image another name, which no other image has from then on.
   *
   * @return the new name in full
   */
  public String tag(String from, String to) throws CommandException {
    Image image = names.require(from);
    String name = Images.reference(to).toString();
    Image tagged =
        Image.newBuilder()
            .setName(name)
            .setTarget(image.getTarget())
            .putAllLabels(image.getLabelsMap())
            .build();
    try {
      create(tagged);
    } catch (StatusException failure) {
      throw CoreClient.failed(
          "can't tag image '" + image.getName() + "' as '" + name + "'", failure);
    }
    return name;
  }

  private void create(Image image) throws StatusException {
    try {
      var _ = client.images().create(CreateImageRequest.newBuilder().setImage(image).build());
    } catch (StatusException failure) {
      if (!CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
        throw failure;
      }
      var _ = client.images().update(UpdateImageRequest.newBuilder().setImage(image).build());
    }
  }

  /**
   * Removes an image's name. What nothing refers to any more is collected.
   *
   * @param force whether it is removed although containers were made of it
   * @param sync whether to wait until it is collected
   */
  public void remove(String given, boolean force, boolean sync) throws CommandException {
    String name = names.require(given).getName();
    List<String> users =
        force
            ? List.of()
            : new Containers(client)
                .all().stream()
                    .filter(container -> container.getImage().equals(name))
                    .map(Container::getId)
                    .toList();
    if (!users.isEmpty()) {
      throw CommandException.failed(
          "image '"
              + name
              + "' is used by container "
              + String.join(", ", users)
              + "; remove that first, or use --force");
    }
    try {
      var _ =
          client
              .waitingImages()
              .delete(DeleteImageRequest.newBuilder().setName(name).setSync(sync).build());
    } catch (StatusException failure) {
      throw CoreClient.failed("can't remove image '" + name + "'", failure);
    }
  }
}
