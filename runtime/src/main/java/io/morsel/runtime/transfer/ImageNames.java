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
  private static final String IMAGE_NAME = "io.containerd.image.name";
  private static final String REF_NAME = "org.opencontainers.image.ref.name";

  /**
   * The names that a destination has for an image.
   *
   * @throws ContainerdException of class NOT_FOUND where it has none
   */
  static List<String> of(io.morsel.containerd.api.transfertypes.ImageStore store, String digest)
      throws ContainerdException {
    List<String> names = all(store, digest);
    if (names.isEmpty()) {
      throw new ContainerdException(ErrorClass.NOT_FOUND, "no image name found");
    }
    return names;
  }

  /** The names that a destination has for an image, whatever it is called itself. */
  static List<String> all(io.morsel.containerd.api.transfertypes.ImageStore store, String digest) {
    List<String> names = new ArrayList<>();
    if (!store.getName().isEmpty()) {
      names.add(store.getName());
    }
    for (ImageReference reference : store.getExtraReferencesList()) {
      if (!reference.getIsPrefix()) {
        names.add(reference.getName() + (reference.getAddDigest() ? "@" + digest : ""));
      }
    }
    return names;
  }

  /**
   * The names that a destination has for an image of an archive, by what the archive calls it: its
   * prefixes stand before a tag, and say which whole names are taken.
   */
  static List<String> imported(
      io.morsel.containerd.api.transfertypes.ImageStore store,
      io.morsel.registry.Descriptor image) {
    List<String> names = new ArrayList<>();
    for (ImageReference reference : store.getExtraReferencesList()) {
      if (reference.getIsPrefix()) {
        String name = name(image.annotations(), reference);
        if (!name.isEmpty()) {
          names.add(name);
        }
        if (reference.getAddDigest() && (name.isEmpty() || !reference.getSkipNamedDigest())) {
          names.add(reference.getName() + "@" + image.digest());
        }
      }
    }
    return names;
  }

  private static String name(Map<String, String> annotations, ImageReference reference) {
    String whole = annotations.getOrDefault(IMAGE_NAME, "");
    if (!whole.isEmpty()) {
      // One that is not whole, or not of the prefix, is no name here.
      return translated(whole, reference).equals(whole) ? whole : "";
    }
    String named = annotations.getOrDefault(REF_NAME, "");
    return named.isEmpty() ? "" : translated(named, reference);
  }

  private static String translated(String named, ImageReference reference) {
    String prefix = reference.getName();
    if (prefix.isEmpty()) {
      return "";
    }
    boolean isWhole = named.chars().anyMatch(c -> c == '/' || c == ':' || c == '@');
    if (!isWhole) {
      return prefix + ":" + named;
    }
    return reference.getAllowOverwrite() || isBelow(named, prefix) ? named : "";
  }

  private static boolean isBelow(String named, String prefix) {
    return named.startsWith(prefix)
        && (named.length() == prefix.length() || "/:@".indexOf(named.charAt(prefix.length())) >= 0);
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
