package io.morsel.runtime.snapshot;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** The rows of one snapshotter's snapshots, and of its commits under way. */
final class SnapshotTable {
  /**
   * A snapshot as the metadata store knows it.
   *
   * @param backendKey what the backend calls it
   * @param info name, parent, times and labels; not its kind, which the backend knows
   */
  record Row(String backendKey, Info info) {}

  /**
   * A commit that the backend was asked for.
   *
   * @param key the active snapshot
   * @param backendKey what the backend calls the committed one
   * @param info the committed one, of which the name is the new one
   */
  record Commit(String namespace, String key, String backendKey, Info info) {}

  private final String snapshotter;

  SnapshotTable(String snapshotter) {
    this.snapshotter = snapshotter;
  }

  private static final Transaction.Row<Row> ROW =
      rows -> new Row(rows.getString(1), Info.parseFrom(rows.getBytes(2)));

  Optional<Row> find(Transaction transaction, String namespace, String name)
      throws SQLException, IOException {
    return transaction.first(
        "SELECT backend_key, value FROM snapshot"
            + " WHERE namespace = ? AND snapshotter = ? AND name = ?",
        ROW,
        namespace,
        snapshotter,
        name);
  }

  Row require(Transaction transaction, String namespace, String name)
      throws ContainerdException, SQLException, IOException {
    return find(transaction, namespace, name)
        .orElseThrow(
            () ->
                new ContainerdException(
                    ErrorClass.NOT_FOUND, "snapshot " + name + " does not exist"));
  }

  List<Row> list(Transaction transaction, String namespace) throws SQLException, IOException {
    return transaction.list(
        "SELECT backend_key, value FROM snapshot WHERE namespace = ? AND snapshotter = ?"
            + " ORDER BY name",
        ROW,
        namespace,
        snapshotter);
  }

  /** What the backend calls the snapshots of all namespaces. */
  List<String> backendKeys(Transaction transaction) throws SQLException, IOException {
    return transaction.list(
        "SELECT backend_key FROM snapshot WHERE snapshotter = ?",
        rows -> rows.getString(1),
        snapshotter);
  }

  boolean hasChildren(Transaction transaction, String namespace, String name)
      throws SQLException, IOException {
    return transaction.exists(
        "SELECT 1 FROM snapshot WHERE namespace = ? AND snapshotter = ? AND parent = ?",
        namespace,
        snapshotter,
        name);
  }

  void insert(Transaction transaction, String namespace, Row row) throws SQLException {
    transaction.update(
        "INSERT INTO snapshot (namespace, snapshotter, name, parent, backend_key, value)"
            + " VALUES (?, ?, ?, ?, ?, ?)",
        namespace,
        snapshotter,
        row.info().getName(),
        row.info().getParent(),
        row.backendKey(),
        row.info().toByteArray());
  }

  void replace(Transaction transaction, String namespace, Info info) throws SQLException {
    transaction.update(
        "UPDATE snapshot SET value = ? WHERE namespace = ? AND snapshotter = ? AND name = ?",
        info.toByteArray(),
        namespace,
        snapshotter,
        info.getName());
  }

  void delete(Transaction transaction, String namespace, String name) throws SQLException {
    transaction.update(
        "DELETE FROM snapshot WHERE namespace = ? AND snapshotter = ? AND name = ?",
        namespace,
        snapshotter,
        name);
  }

  /** Whether the namespace ever had a snapshot here. */
  boolean isKnown(Transaction transaction, String namespace) throws SQLException, IOException {
    return transaction.exists(
        "SELECT 1 FROM sequence WHERE namespace = ? AND name = ?", namespace, snapshotter);
  }

  /** A new name for the backend, which knows no namespaces. */
  String newBackendKey(Transaction transaction, String namespace, String name)
      throws SQLException, IOException {
    transaction.ensureNamespace(namespace);
    return namespace + "/" + transaction.nextNumber(namespace, snapshotter) + "/" + name;
  }

  boolean isBeingCommitted(Transaction transaction, String namespace, String key)
      throws SQLException, IOException {
    return transaction.exists(
        "SELECT 1 FROM snapshot_commit WHERE namespace = ? AND snapshotter = ? AND key = ?",
        namespace,
        snapshotter,
        key);
  }

  boolean isNameBeingGiven(Transaction transaction, String namespace, String name)
      throws SQLException, IOException {
    return transaction.exists(
        "SELECT 1 FROM snapshot_commit WHERE namespace = ? AND snapshotter = ? AND name = ?",
        namespace,
        snapshotter,
        name);
  }

  List<Commit> commits(Transaction transaction) throws SQLException, IOException {
    return transaction.list(
        "SELECT namespace, key, backend_key, value FROM snapshot_commit WHERE snapshotter = ?",
        rows ->
            new Commit(
                rows.getString(1),
                rows.getString(2),
                rows.getString(3),
                Info.parseFrom(rows.getBytes(4))),
        snapshotter);
  }

  void insertCommit(Transaction transaction, Commit commit) throws SQLException {
    transaction.update(
        "INSERT INTO snapshot_commit (namespace, snapshotter, key, name, backend_key, value)"
            + " VALUES (?, ?, ?, ?, ?, ?)",
        commit.namespace(),
        snapshotter,
        commit.key(),
        commit.info().getName(),
        commit.backendKey(),
        commit.info().toByteArray());
  }

  void deleteCommit(Transaction transaction, Commit commit) throws SQLException {
    transaction.update(
        "DELETE FROM snapshot_commit WHERE namespace = ? AND snapshotter = ? AND key = ?",
        commit.namespace(),
        snapshotter,
        commit.key());
  }
}
