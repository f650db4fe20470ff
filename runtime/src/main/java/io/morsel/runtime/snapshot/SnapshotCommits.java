package io.morsel.runtime.snapshot;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.runtime.lease.Holds;
import io.morsel.runtime.snapshot.SnapshotTable.Commit;
import io.morsel.runtime.snapshot.SnapshotTable.Row;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Times;
import io.morsel.runtime.store.Transaction;
import io.morsel.snapshotter.Snapshotter;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Map;

/**
 * Commits of one snapshotter's snapshots, which the metadata and the backend can't make at once:
 * the metadata notes what is to be, the backend commits, and the metadata follows. Safe for use by
 * many threads.
 */
final class SnapshotCommits {
  private final MetadataStore store;
  private final String name;
  private final SnapshotTable table;
  private final Snapshotter backend;
  private final Clock clock;

  SnapshotCommits(
      MetadataStore store, String name, SnapshotTable table, Snapshotter backend, Clock clock) {
    this.store = store;
    this.name = name;
    this.table = table;
    this.backend = backend;
    this.clock = clock;
  }

  /** Ends the commits that a killed process left, as the backend has them: done, or never begun. */
  void endAll() throws ContainerdException {
    for (Commit commit : store.read(table::commits)) {
      boolean done = isInBackend(commit);
      store.write(
          transaction -> {
            if (done) {
              finish(transaction, Scope.of(commit.namespace()), commit);
            } else {
              table.deleteCommit(transaction, commit);
            }
            return true;
          });
    }
  }

  private boolean isInBackend(Commit commit) throws ContainerdException {
    try {
      var _ = backend.stat(commit.backendKey());
      return true;
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** Commits; see {@link NamespacedSnapshots#commit(Scope, String, String, String, Map)}. */
  void commit(Scope scope, String newName, String key, String newParent, Map<String, String> labels)
      throws ContainerdException {
    String[] backendKey = {""};
    Commit commit =
        store.write(
            transaction -> {
              Commit begun = begin(transaction, scope, newName, key, labels);
              Row active = table.require(transaction, scope.namespace(), key);
              if (!newParent.isEmpty() && active.info().getParent().isEmpty()) {
                throw new ContainerdException(
                    ErrorClass.NOT_IMPLEMENTED,
                    "can't commit snapshot "
                        + key
                        + " onto parent "
                        + newParent
                        + ", since it was prepared on none: prepare it on its parent");
              }
              backendKey[0] = active.backendKey();
              return begun;
            });
    boolean done = false;
    try {
      backend.commit(commit.backendKey(), backendKey[0], NamespacedSnapshots.inherited(labels));
      done = true;
    } finally {
      if (!done) {
        store.write(
            transaction -> {
              table.deleteCommit(transaction, commit);
              Holds.remove(transaction, scope, Holds.snapshots(name), newName);
              return true;
            });
      }
    }
    store.write(
        transaction -> {
          finish(transaction, scope, commit);
          return true;
        });
  }

  private Commit begin(
      Transaction transaction, Scope scope, String newName, String key, Map<String, String> labels)
      throws ContainerdException, SQLException, IOException {
    String namespace = scope.namespace();
    if (!table.isKnown(transaction, namespace)) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "can not find snapshotter " + GoText.quote(name));
    }
    if (table.find(transaction, namespace, newName).isPresent()
        || table.isNameBeingGiven(transaction, namespace, newName)) {
      throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "snapshot " + GoText.quote(newName));
    }
    Holds.add(transaction, scope, Holds.snapshots(name), newName);
    Row active = table.require(transaction, namespace, key);
    requireNone(transaction, namespace, key);
    Commit commit =
        new Commit(
            namespace,
            key,
            table.newBackendKey(transaction, namespace, newName),
            Info.newBuilder()
                .setName(newName)
                .setParent(active.info().getParent())
                .setCreatedAt(Times.now(clock))
                .setUpdatedAt(Times.now(clock))
                .putAllLabels(LabelSets.kept(labels))
                .build());
    table.insertCommit(transaction, commit);
    return commit;
  }

  /**
   * Nobody is about to commit a snapshot.
   *
   * @throws ContainerdException of class UNAVAILABLE otherwise
   */
  void requireNone(Transaction transaction, String namespace, String key)
      throws ContainerdException, SQLException, IOException {
    if (table.isBeingCommitted(transaction, namespace, key)) {
      throw new ContainerdException(
          ErrorClass.UNAVAILABLE, "snapshot " + key + " is being committed");
    }
  }

  private void finish(Transaction transaction, Scope scope, Commit commit) throws SQLException {
    table.delete(transaction, commit.namespace(), commit.key());
    table.insert(transaction, commit.namespace(), new Row(commit.backendKey(), commit.info()));
    table.deleteCommit(transaction, commit);
    Holds.remove(transaction, scope, Holds.snapshots(name), commit.key());
  }
}
