package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.images.ListImagesRequest;
import io.morsel.registry.ImageReference;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds images. Safe for use by many threads. */
public final class ImageNames {
  private static final Pattern DIGEST = Pattern.compile("(sha(256|512):)?[0-9a-f]{4,128}");

  private final CoreClient client;

  /** Those of the client's namespace. */
  public ImageNames(CoreClient client) {
    this.client = client;
  }

  /**
   * The image that a person means.
   *
   * @param name its name, also one that leaves registry or tag out, as in {@code python}; or its
   *     digest, or the beginning of that where no other image has the same
   * @throws CommandException if there is none, or more than one
   */
  public Image require(String name) throws CommandException {
    Optional<Image> image = get(name);
    if (image.isEmpty()) {
      image = normalized(name).filter(other -> !other.equals(name)).flatMap(this::getQuietly);
    }
    if (image.isPresent()) {
      return image.get();
    }
    List<Image> matching = DIGEST.matcher(name).matches() ? byDigest(name) : List.of();
    if (matching.size() == 1) {
      return matching.getFirst();
    }
    throw CommandException.failed(
        matching.isEmpty()
            ? "no image '" + name + "' in namespace '" + client.namespace() + "'"
            : "'"
                + name
                + "' means more than one image: "
                + String.join(", ", matching.stream().map(Image::getName).toList()));
  }

  private List<Image> byDigest(String beginning) throws CommandException {
    return all().stream()
        .filter(
            image -> {
              String digest = image.getTarget().getDigest();
              return digest.startsWith(beginning)
                  || digest.substring(digest.indexOf(':') + 1).startsWith(beginning);
            })
        .toList();
  }

  /** The full name that a short one stands for; empty where it is no image's name at all. */
  public static Optional<String> normalized(String name) {
    try {
      return Optional.of(ImageReference.parse(name).toString());
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  private Optional<Image> getQuietly(String name) {
    try {
      return get(name);
    } catch (CommandException failure) {
      return Optional.empty();
    }
  }

  private Optional<Image> get(String name) throws CommandException {
    try {
      return Optional.of(
          client.images().get(GetImageRequest.newBuilder().setName(name).build()).getImage());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)
          || CoreClient.is(failure, ErrorClass.INVALID_ARGUMENT)) {
        return Optional.empty();
      }
      throw CoreClient.failed("can't look up image '" + name + "'", failure);
    }
  }

  /** All of them. */
  public List<Image> all() throws CommandException {
    try {
      return client.images().list(ListImagesRequest.getDefaultInstance()).getImagesList();
    } catch (StatusException failure) {
      throw CoreClient.failed("can't list images", failure);
    }
  }
}
