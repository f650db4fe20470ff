package io.morsel.runtime.namespace;

import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.namespaces.Namespace;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.Identifiers;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Namespaces and their labels. Safe for use by many threads. */
public final class NamespaceStore {
  private final MetadataStore store;

  /** Namespaces in {@code store}. */
  public NamespaceStore(MetadataStore store) {
    this.store = store;
  }

  /** A namespace; one that does not exist has no labels, and that is no error. */
  public Namespace get(String name) throws ContainerdException {
    return store.read(transaction -> find(transaction, name));
  }

  private static Namespace find(Transaction transaction, String name)
      throws SQLException, IOException {
    return transaction
        .first(
            "SELECT value FROM namespace WHERE name = ?",
            rows -> Namespace.parseFrom(rows.getBytes(1)),
            name)
        .orElse(Namespace.getDefaultInstance())
        .toBuilder()
        .setName(name)
        .build();
  }

  /** All namespaces, in the order of their names' bytes. */
  public List<Namespace> list() throws ContainerdException {
    return store.read(
        transaction ->
            transaction.list(
                "SELECT name, value FROM namespace ORDER BY name",
                rows ->
                    Namespace.parseFrom(rows.getBytes(2)).toBuilder()
                        .setName(rows.getString(1))
                        .build()));
  }

  /** Makes a namespace. */
  public void create(Namespace namespace) throws ContainerdException {
    Identifiers.validate(namespace.getName());
    LabelSets.validate("namespace.Labels", namespace.getLabelsMap());
    store.write(
        transaction -> {
          boolean made =
              transaction.update(
                      "INSERT OR IGNORE INTO namespace (name, value) VALUES (?, x'')",
                      namespace.getName())
                  > 0;
          if (!made) {
            throw new ContainerdException(
                ErrorClass.ALREADY_EXISTS, "namespace " + GoText.quote(namespace.getName()));
          }
          put(transaction, namespace.getName(), namespace.getLabelsMap());
          return true;
        });
  }

  /**
   * Changes a namespace's labels, and makes it where it is missing.
   *
   * @param paths {@code labels.<name>}; none stands for all labels
   */
  public void update(Namespace namespace, List<String> paths) throws ContainerdException {
    // What containerd's database refuses, it does not classify.
    if (namespace.getName().isEmpty()) {
      throw Answers.status(Status.Code.UNKNOWN, "bucket name required");
    }
    var _ =
        Answers.unclassified(
            () -> {
              LabelSets.validate("namespace.Labels", namespace.getLabelsMap());
              return true;
            });
    store.write(
        transaction -> {
          String name = namespace.getName();
          Map<String, String> labels = new TreeMap<>(find(transaction, name).getLabelsMap());
          if (paths.isEmpty()) {
            labels.clear();
            labels.putAll(namespace.getLabelsMap());
          }
          for (String path : paths) {
            if (!path.startsWith("labels.")) {
              throw Answers.status(
                  Status.Code.INVALID_ARGUMENT, "cannot update " + GoText.quote(path) + " field");
            }
            String key = path.substring("labels.".length());
            labels.put(key, namespace.getLabelsOrDefault(key, ""));
          }
          transaction.ensureNamespace(name);
          put(transaction, name, labels);
          return true;
        });
  }

  private static void put(Transaction transaction, String name, Map<String, String> labels)
      throws SQLException {
    transaction.update(
        "UPDATE namespace SET value = ? WHERE name = ?",
        Namespace.newBuilder().putAllLabels(LabelSets.kept(labels)).build().toByteArray(),
        name);
  }

  /**
   * Deletes a namespace, with what leases, ingests and sandboxes are left in it.
   *
   * @throws ContainerdException of class FAILED_PRECONDITION where it has other objects
   */
  public void delete(String name) throws ContainerdException {
    store.write(
        transaction -> {
          List<String> left = objects(transaction, name);
          if (!left.isEmpty()) {
            throw new ContainerdException(
                ErrorClass.FAILED_PRECONDITION,
                "namespace "
                    + GoText.quote(name)
                    + " must be empty, but it still has "
                    + String.join(", ", left));
          }
          if (transaction.update("DELETE FROM namespace WHERE name = ?", name) == 0) {
            throw new ContainerdException(ErrorClass.NOT_FOUND, "namespace " + GoText.quote(name));
          }
          transaction.garbage().content();
          return true;
        });
  }

  private static List<String> objects(Transaction transaction, String name)
      throws SQLException, IOException {
    List<String> left = new ArrayList<>();
    if (transaction.exists("SELECT 1 FROM image WHERE namespace = ?", name)) {
      left.add("images");
    }
    if (transaction.exists("SELECT 1 FROM content WHERE namespace = ?", name)) {
      left.add("blobs");
    }
    if (transaction.exists("SELECT 1 FROM container WHERE namespace = ?", name)) {
      left.add("containers");
    }
    for (String snapshotter :
        transaction.list(
            "SELECT DISTINCT snapshotter FROM snapshot WHERE namespace = ? ORDER BY snapshotter",
            rows -> rows.getString(1),
            name)) {
      left.add("snapshots on " + GoText.quote(snapshotter) + " snapshotter");
    }
    return left;
  }
}
