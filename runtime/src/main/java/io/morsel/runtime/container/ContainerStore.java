package io.morsel.runtime.container;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.containers.Container;
import io.morsel.runtime.store.Filters;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.Identifiers;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Times;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What containers are to be made of. Safe for use by many threads. */
public final class ContainerStore {
  private static final List<String> MUTABLE =
      List.of("labels", "spec", "extensions", "image", "snapshotkey");

  private static final String EXTENSION = "extensions.";

  private final MetadataStore store;
  private final Clock clock;

  /** Containers in {@code store}. */
  public ContainerStore(MetadataStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** One container. */
  public Container get(String namespace, String id) throws ContainerdException {
    return store.read(
        transaction ->
            MessageTable.CONTAINERS
                .get(transaction, namespace, id)
                .orElseThrow(
                    () ->
                        new ContainerdException(
                            ErrorClass.NOT_FOUND,
                            "container "
                                + GoText.quote(id)
                                + " in namespace "
                                + GoText.quote(namespace))));
  }

  /** How many containers all namespaces have together. */
  public long count() throws ContainerdException {
    return store.read(
        transaction ->
            transaction
                .first("SELECT count(*) FROM container", rows -> rows.getLong(1))
                .orElse(0L));
  }

  /** All containers of which one of the filters holds. */
  public List<Container> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filters.parse(filters);
    return store.read(
        transaction ->
            MessageTable.CONTAINERS.list(transaction, namespace).stream()
                .filter(container -> filter.matches(path -> field(container, path)))
                .toList());
  }

  /** The containers of all namespaces that have this label, whatever it says. */
  public List<MessageTable.Entry<Container>> labelled(String label) throws ContainerdException {
    return store.read(
        transaction ->
            MessageTable.CONTAINERS.containing(transaction, label).stream()
                .filter(entry -> entry.value().containsLabels(label))
                .toList());
  }

  private static @Nullable String field(Container container, List<String> path) {
    return switch (path.getFirst()) {
      case "id" -> container.getId();
      case "runtime" ->
          path.size() > 1 && path.get(1).equals("name") ? container.getRuntime().getName() : null;
      case "image" -> container.getImage().isEmpty() ? null : container.getImage();
      case "labels" -> LabelSets.field(path, container.getLabelsMap());
      default -> null;
    };
  }

  /** Adds a container. */
  public Container create(String namespace, Container container) throws ContainerdException {
    try {
      validate(container);
    } catch (ContainerdException e) {
      throw e.during("create container failed validation");
    }
    Container created =
        kept(container.toBuilder().setCreatedAt(Times.now(clock)).setUpdatedAt(Times.now(clock)));
    store.write(
        transaction -> {
          if (!MessageTable.CONTAINERS.insert(transaction, namespace, created.getId(), created)) {
            throw new ContainerdException(
                ErrorClass.ALREADY_EXISTS, "container " + GoText.quote(created.getId()));
          }
          return true;
        });
    return created;
  }

  /**
   * Changes a container.
   *
   * @param paths {@code labels}, {@code extensions}, or a name below one of these; {@code spec},
   *     {@code image}, {@code snapshotkey}; none stands for all of them
   */
  public Container update(String namespace, Container container, List<String> paths)
      throws ContainerdException {
    String id = container.getId();
    return store.write(
        transaction -> {
          Container current =
              MessageTable.CONTAINERS
                  .get(transaction, namespace, id)
                  .orElseThrow(
                      () ->
                          new ContainerdException(
                              ErrorClass.NOT_FOUND, "container " + GoText.quote(id)));
          if (paths.isEmpty()) {
            requireSame("Snapshotter", current.getSnapshotter(), container.getSnapshotter());
            requireSame(
                "Runtime.Name", current.getRuntime().getName(), container.getRuntime().getName());
          }
          Container.Builder updated = current.toBuilder();
          for (String path : paths.isEmpty() ? MUTABLE : paths) {
            change(updated, container, path);
          }
          try {
            validate(updated.build());
          } catch (ContainerdException e) {
            throw e.during("update failed validation");
          }
          Container stored = kept(updated.setUpdatedAt(Times.now(clock)));
          MessageTable.CONTAINERS.replace(transaction, namespace, id, stored);
          return stored;
        });
  }

  private static void requireSame(String field, String current, String given)
      throws ContainerdException {
    if (!current.equals(given)) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "container." + field + " field is immutable");
    }
  }

  private static void change(Container.Builder updated, Container given, String path)
      throws ContainerdException {
    Map<String, String> labels =
        LabelSets.changed(updated.getLabelsMap(), given.getLabelsMap(), path);
    if (labels != null) {
      updated.clearLabels().putAllLabels(labels);
      return;
    }
    if (path.startsWith(EXTENSION)) {
      String key = path.substring(EXTENSION.length());
      updated.putExtensions(key, given.getExtensionsOrDefault(key, Any.getDefaultInstance()));
      return;
    }
    switch (path) {
      case "spec" -> {
        updated.clearSpec();
        if (given.hasSpec()) {
          updated.setSpec(given.getSpec());
        }
      }
      case "extensions" -> updated.clearExtensions().putAllExtensions(given.getExtensionsMap());
      case "image" -> updated.setImage(given.getImage());
      case "snapshotkey" -> updated.setSnapshotKey(given.getSnapshotKey());
      default ->
          throw new ContainerdException(
              ErrorClass.INVALID_ARGUMENT,
              "cannot update " + GoText.quote(path) + " field on " + GoText.quote(given.getId()));
    }
  }

  /**
   * Records how a container ended; nothing happens where there is none of the name. It is the
   * core's own note and no client's change: the time of the last one stays.
   */
  public void recordEnd(String namespace, String id, ContainerEnd end) throws ContainerdException {
    store.write(
        transaction -> {
          Optional<Container> container = MessageTable.CONTAINERS.get(transaction, namespace, id);
          if (container.isPresent()) {
            MessageTable.CONTAINERS.replace(
                transaction,
                namespace,
                id,
                container.get().toBuilder().putAllLabels(end.labels()).build());
          }
          return true;
        });
  }

  /** Deletes a container; its snapshot is collected afterwards. */
  public void delete(String namespace, String id) throws ContainerdException {
    store.write(
        transaction -> {
          if (!transaction.exists(
              "SELECT 1 FROM container WHERE namespace = ? LIMIT 1", namespace)) {
            throw new ContainerdException(
                ErrorClass.NOT_FOUND,
                "cannot delete container "
                    + GoText.quote(id)
                    + " in namespace "
                    + GoText.quote(namespace));
          }
          if (!MessageTable.CONTAINERS.delete(transaction, namespace, id)) {
            throw new ContainerdException(ErrorClass.NOT_FOUND, "container " + id);
          }
          transaction.garbage().deletion();
          return true;
        });
  }

  private static Container kept(Container.Builder container) {
    Map<String, String> labels = LabelSets.kept(container.getLabelsMap());
    return container.clearLabels().putAllLabels(labels).build();
  }

  private static void validate(Container container) throws ContainerdException {
    try {
      Identifiers.validate(container.getId());
    } catch (ContainerdException e) {
      throw e.during("container.ID");
    }
    if (container.containsExtensions("")) {
      throw invalid("container.Extension keys must not be zero-length");
    }
    LabelSets.validate("containers.Labels", container.getLabelsMap());
    if (container.getRuntime().getName().isEmpty()) {
      throw invalid("container.Runtime.Name must be set");
    }
    if (!container.hasSpec()) {
      throw invalid("container.Spec must be set");
    }
    if (!container.getSnapshotKey().isEmpty() && container.getSnapshotter().isEmpty()) {
      throw invalid("container.Snapshotter must be set if container.SnapshotKey is set");
    }
  }

  private static ContainerdException invalid(String message) {
    return new ContainerdException(ErrorClass.INVALID_ARGUMENT, message);
  }
}
