package io.morsel.runtime.image;

import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.store.Digests;
import io.morsel.runtime.store.Filters;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Times;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Names for content. Safe for use by many threads. */
public final class ImageStore {
  private final MetadataStore store;
  private final Clock clock;

  /** Images in {@code store}. */
  public ImageStore(MetadataStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** One image. */
  public Image get(String namespace, String name) throws ContainerdException {
    return store.read(
        transaction ->
            MessageTable.IMAGES
                .get(transaction, namespace, name)
                .orElseThrow(() -> notFound(name)));
  }

  /** All images of which one of the filters holds. */
  public List<Image> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filters.parse(filters);
    return store.read(
        transaction ->
            MessageTable.IMAGES.list(transaction, namespace).stream()
                .filter(image -> filter.matches(path -> field(image, path)))
                .toList());
  }

  private static @Nullable String field(Image image, List<String> path) {
    Descriptor target = image.getTarget();
    return switch (path.getFirst()) {
      case "name" -> image.getName();
      case "target" ->
          switch (path.size() < 2 ? "" : path.get(1)) {
            case "digest" -> target.getDigest();
            case "mediatype" -> target.getMediaType();
            default -> null;
          };
      case "labels" -> LabelSets.field(path, image.getLabelsMap());
      case "annotations" -> LabelSets.field(path, target.getAnnotationsMap());
      default -> null;
    };
  }

  /** Adds an image. */
  public Image create(String namespace, Image image) throws ContainerdException {
    validate(image);
    Image created =
        kept(image.toBuilder().setCreatedAt(Times.now(clock)).setUpdatedAt(Times.now(clock)));
    store.write(
        transaction -> {
          if (!MessageTable.IMAGES.insert(transaction, namespace, created.getName(), created)) {
            throw new ContainerdException(
                ErrorClass.ALREADY_EXISTS, "image " + GoText.quote(created.getName()));
          }
          return true;
        });
    return created;
  }

  /**
   * Changes an image.
   *
   * @param paths {@code target}, {@code labels}, {@code annotations}, or a name below one of the
   *     last two; none stands for all
   */
  public Image update(String namespace, Image image, List<String> paths)
      throws ContainerdException {
    return store.write(
        transaction -> {
          Image current =
              MessageTable.IMAGES
                  .get(transaction, namespace, image.getName())
                  .orElseThrow(() -> notFound(image.getName()));
          Image.Builder updated = (paths.isEmpty() ? image : current).toBuilder();
          for (String path : paths) {
            change(updated, image, path);
          }
          validate(updated.build());
          Image stored =
              kept(updated.setCreatedAt(current.getCreatedAt()).setUpdatedAt(Times.now(clock)));
          MessageTable.IMAGES.replace(transaction, namespace, image.getName(), stored);
          return stored;
        });
  }

  private static void change(Image.Builder updated, Image given, String path)
      throws ContainerdException {
    Map<String, String> labels =
        LabelSets.changed(updated.getLabelsMap(), given.getLabelsMap(), path);
    Map<String, String> annotations =
        LabelSets.changed(
            updated.getTarget().getAnnotationsMap(),
            given.getTarget().getAnnotationsMap(),
            path,
            "annotations");
    if (labels != null) {
      updated.clearLabels().putAllLabels(labels);
    } else if (annotations != null) {
      updated.getTargetBuilder().clearAnnotations().putAllAnnotations(annotations);
    } else if (path.equals("target")) {
      updated.setTarget(given.getTarget());
    } else {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "cannot update "
              + GoText.quote(path)
              + " field on image "
              + GoText.quote(given.getName()));
    }
  }

  /**
   * Deletes an image; its content is collected afterwards.
   *
   * @param target if present, what the image has to have as its target to be deleted
   */
  public void delete(String namespace, String name, Optional<Descriptor> target)
      throws ContainerdException {
    store.write(
        transaction -> {
          Image image =
              MessageTable.IMAGES
                  .get(transaction, namespace, name)
                  .orElseThrow(() -> notFound(name));
          if (target.isPresent()
              && !target.get().getDigest().equals(image.getTarget().getDigest())) {
            throw Answers.status(
                Status.Code.NOT_FOUND,
                "image "
                    + GoText.quote(name)
                    + " has target "
                    + image.getTarget().getDigest()
                    + ", not "
                    + target.get().getDigest()
                    + ": not found");
          }
          MessageTable.IMAGES.delete(transaction, namespace, name);
          transaction.garbage().deletion();
          return true;
        });
  }

  private static Image kept(Image.Builder image) {
    Map<String, String> labels = LabelSets.kept(image.getLabelsMap());
    Map<String, String> annotations = LabelSets.kept(image.getTarget().getAnnotationsMap());
    image.clearLabels().putAllLabels(labels);
    image.getTargetBuilder().clearAnnotations().putAllAnnotations(annotations);
    return image.build();
  }

  private static void validate(Image image) throws ContainerdException {
    if (image.getName().isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "image name must not be empty");
    }
    LabelSets.validate("image.Labels", image.getLabelsMap());
    Descriptor target = image.getTarget();
    Optional<String> problem = Digests.problem(target.getDigest());
    if (problem.isPresent()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "Target.Digest " + GoText.quote(target.getDigest()) + " invalid: " + problem.get());
    }
    if (target.getSize() <= 0) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "Target.Size must be greater than zero");
    }
    if (target.getMediaType().isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "Target.MediaType must be set");
    }
  }

  private static ContainerdException notFound(String name) {
    return new ContainerdException(ErrorClass.NOT_FOUND, "image " + GoText.quote(name));
  }
}
