package io.morsel.runtime.sandbox;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.types.Sandbox;
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
import org.jspecify.annotations.Nullable;

/**
 * What is known of sandboxes, with the semantics of containerd 2.2. Safe for use by many threads.
 */
public final class SandboxStore {
  private static final List<String> MUTABLE = List.of("labels", "extensions", "spec", "runtime");

  private static final String EXTENSION = "extensions.";

  private final MetadataStore store;
  private final Clock clock;

  /** Sandboxes in {@code store}. */
  public SandboxStore(MetadataStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** One sandbox. */
  public Sandbox get(String namespace, String id) throws ContainerdException {
    return store.read(
        transaction ->
            MessageTable.SANDBOXES.get(transaction, namespace, id).orElseThrow(() -> notFound(id)));
  }

  /** All sandboxes of which one of the filters holds. */
  public List<Sandbox> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filters.parse(filters);
    return store.read(
        transaction ->
            MessageTable.SANDBOXES.list(transaction, namespace).stream()
                .filter(sandbox -> filter.matches(path -> field(sandbox, path)))
                .toList());
  }

  private static @Nullable String field(Sandbox sandbox, List<String> path) {
    return switch (path.getFirst()) {
      case "id" -> sandbox.getSandboxId();
      case "labels" -> LabelSets.field(path, sandbox.getLabelsMap());
      default -> null;
    };
  }

  /** Adds a sandbox. */
  public Sandbox create(String namespace, Sandbox sandbox) throws ContainerdException {
    try {
      Identifiers.validate(sandbox.getSandboxId());
    } catch (ContainerdException e) {
      throw e.during("failed to validate sandbox: invalid sandbox ID");
    }
    Sandbox created =
        kept(sandbox.toBuilder().setCreatedAt(Times.now(clock)).setUpdatedAt(Times.now(clock)));
    LabelSets.validate("sandbox.Labels", created.getLabelsMap());
    store.write(
        transaction -> {
          if (!MessageTable.SANDBOXES.insert(
              transaction, namespace, created.getSandboxId(), created)) {
            throw new ContainerdException(
                ErrorClass.ALREADY_EXISTS,
                "sandbox bucket " + GoText.quote(created.getSandboxId()) + " already exists");
          }
          return true;
        });
    return created;
  }

  /**
   * Changes a sandbox.
   *
   * @param paths {@code labels}, {@code extensions}, or a name below one of these; {@code spec},
   *     {@code runtime}; none stands for all of them
   */
  public Sandbox update(String namespace, Sandbox sandbox, List<String> paths)
      throws ContainerdException {
    String id = sandbox.getSandboxId();
    return store.write(
        transaction -> {
          Sandbox current =
              MessageTable.SANDBOXES
                  .get(transaction, namespace, id)
                  .orElseThrow(() -> notFound(id));
          if (paths.isEmpty()
              && !current.getRuntime().getName().equals(sandbox.getRuntime().getName())) {
            throw new ContainerdException(
                ErrorClass.INVALID_ARGUMENT, "sandbox.Runtime.Name field is immutable");
          }
          Sandbox.Builder updated = current.toBuilder();
          for (String path : paths.isEmpty() ? MUTABLE : paths) {
            change(updated, sandbox, path);
          }
          Sandbox stored = kept(updated.setUpdatedAt(Times.now(clock)));
          LabelSets.validate("sandbox.Labels", stored.getLabelsMap());
          MessageTable.SANDBOXES.replace(transaction, namespace, id, stored);
          return stored;
        });
  }

  private static void change(Sandbox.Builder updated, Sandbox given, String path)
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
      case "extensions" -> updated.clearExtensions().putAllExtensions(given.getExtensionsMap());
      case "runtime" -> updated.setRuntime(given.getRuntime());
      case "spec" -> {
        updated.clearSpec();
        if (given.hasSpec()) {
          updated.setSpec(given.getSpec());
        }
      }
      default ->
          throw new ContainerdException(
              ErrorClass.INVALID_ARGUMENT,
              "cannot update "
                  + GoText.quote(path)
                  + " field on sandbox "
                  + GoText.quote(given.getSandboxId()));
    }
  }

  /** Deletes a sandbox. */
  public void delete(String namespace, String id) throws ContainerdException {
    store.write(
        transaction -> {
          if (!MessageTable.SANDBOXES.delete(transaction, namespace, id)) {
            throw new ContainerdException(
                ErrorClass.NOT_FOUND, "failed to delete sandbox " + GoText.quote(id));
          }
          transaction.garbage().deletion();
          return true;
        });
  }

  private static Sandbox kept(Sandbox.Builder sandbox) {
    Map<String, String> labels = LabelSets.kept(sandbox.getLabelsMap());
    return sandbox.clearLabels().putAllLabels(labels).build();
  }

  private static ContainerdException notFound(String id) {
    return new ContainerdException(
        ErrorClass.NOT_FOUND, "bucket " + GoText.quote(id) + " not found");
  }
}
