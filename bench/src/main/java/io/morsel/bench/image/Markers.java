package io.morsel.bench.image;

import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What in the registry's storage is complete, and which recipe it was made by: a file for each
 * image, taken away before the image is written and put there again at last. Safe for use by many
 * threads, for different names.
 */
final class Markers {
  private static final JsonMapper JSON = new JsonMapper();

  private final Path directory;
  private final Path storage;

  /**
   * @param recipe the key of what the images were made from
   */
  record Marker(String recipe, List<StoredImage> images) {}

  Markers(Path directory, Path storage) {
    this.directory = directory;
    this.storage = storage;
  }

  /** The images of this name, if they are complete, of this recipe, and still stored. */
  Optional<List<StoredImage>> find(String name, String recipe) {
    try {
      Path file = file(name);
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      Marker marker = JSON.readValue(Files.readAllBytes(file), Marker.class);
      return marker.recipe().equals(recipe) && marker.images().stream().allMatch(this::isStored)
          ? Optional.of(marker.images())
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (JacksonException e) {
      throw new HostException(
          file(name) + " is damaged: remove it, and the image is built again", e);
    }
  }

  private boolean isStored(StoredImage image) {
    int colon = image.name().lastIndexOf(':');
    return Files.exists(
        storage.resolve(
            "docker/registry/v2/repositories/%s/_manifests/tags/%s/current/link"
                .formatted(image.name().substring(0, colon), image.name().substring(colon + 1))));
  }

  /**
   * From now on the images of this name are not complete.
   *
   * @return whether something is replaced, so that the storage has garbage
   */
  boolean clear(String name) {
    try {
      return Files.deleteIfExists(file(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** These images are complete. */
  void put(String name, String recipe, List<StoredImage> images) {
    try {
      Files.createDirectories(directory);
      Path part = directory.resolve(name + ".part");
      Files.write(part, JSON.writeValueAsBytes(new Marker(recipe, images)));
      Files.move(part, file(name), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file(String name) {
    return directory.resolve(name + ".json");
  }
}
