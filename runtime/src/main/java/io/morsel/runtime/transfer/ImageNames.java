package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.events.ImageCreate;
import io.morsel.containerd.api.events.ImageUpdate;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.transfertypes.ImageReference;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.image.ImageStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Gives content the names that a transfer's destination asks for.
 *
 * @param images where they are kept
 * @param events where they are announced
 * @param namespace whose names they are
 */
record ImageNames(ImageStore images, Exchange events, String namespace) {
  /**
   * The names that a destination has for an image that was not imported.
   *
   * @throws ContainerdException of class NOT_FOUND where it has none
   */
  static List<String> of(io.morsel.containerd.api.transfertypes.ImageStore store, String digest)
      throws ContainerdException {
    List<String> names = new ArrayList<>();
    if (!store.getName().isEmpty()) {
      names.add(store.getName());
    }
    for (ImageReference reference : store.getExtraReferencesList()) {
      if (!reference.getIsPrefix()) {
        names.add(reference.getName() + (reference.getAddDigest() ? "@" + digest : ""));
      }
    }
    if (names.isEmpty()) {
      throw new ContainerdException(ErrorClass.NOT_FOUND, "no image name found");
    }
    return names;
  }

  /** Creates an image, or gives the one of this name another target and other labels. */
  Image put(String name, Descriptor target, Map<String, String> labels) throws ContainerdException {
    Image image = Image.newBuilder().setName(name).setTarget(target).putAllLabels(labels).build();
    while (true) {
      try {
        Image created = images.create(namespace, image);
        events.publish(
            namespace,
            "/images/create",
            ImageCreate.newBuilder().setName(name).putAllLabels(created.getLabelsMap()).build());
        return created;
      } catch (ContainerdException e) {
        require(e, ErrorClass.ALREADY_EXISTS);
      }
      try {
        Image updated = images.update(namespace, image, List.of());
        events.publish(
            namespace,
            "/images/update",
            ImageUpdate.newBuilder().setName(name).putAllLabels(updated.getLabelsMap()).build());
        return updated;
      } catch (ContainerdException e) {
        // Deleted meanwhile: it is created again.
        require(e, ErrorClass.NOT_FOUND);
      }
    }
  }

  private static void require(ContainerdException failure, ErrorClass expected)
      throws ContainerdException {
    if (failure.errorClass() != expected) {
      throw failure;
    }
  }
}
