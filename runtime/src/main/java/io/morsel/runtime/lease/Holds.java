package io.morsel.runtime.lease;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.sql.SQLException;

/** Puts what is created under the lease of the call that creates it. */
public final class Holds {
  /** Blobs, by their digests. */
  public static final String CONTENT = "content";

  /** Ingests, by their references. */
  public static final String INGESTS = "ingests";

  private Holds() {}

  /** Snapshots of a snapshotter, by their names. */
  public static String snapshots(String snapshotter) {
    return "snapshots/" + snapshotter;
  }

  /**
   * Has the scope's lease, if it names one, hold something.
   *
   * @return whether it names one
   * @throws ContainerdException of class NOT_FOUND where that lease does not exist
   */
  public static boolean add(Transaction transaction, Scope scope, String type, String id)
      throws ContainerdException, SQLException, IOException {
    if (scope.lease().isEmpty()) {
      return false;
    }
    if (!transaction.exists(
        "SELECT 1 FROM lease WHERE namespace = ? AND id = ?", scope.namespace(), scope.lease())) {
      throw new ContainerdException(ErrorClass.NOT_FOUND, "lease does not exist");
    }
    put(transaction, scope.namespace(), scope.lease(), type, id);
    return true;
  }

  /** Whether the scope names a lease that is there, and does not hold something yet. */
  public static boolean isMissing(Transaction transaction, Scope scope, String type, String id)
      throws SQLException, IOException {
    return !scope.lease().isEmpty()
        && transaction.exists(
            "SELECT 1 FROM lease WHERE namespace = ? AND id = ?", scope.namespace(), scope.lease())
        && !transaction.exists(
            "SELECT 1 FROM lease_resource WHERE namespace = ? AND lease = ? AND type = ? AND id = ?",
            scope.namespace(),
            scope.lease(),
            type,
            id);
  }

  static void put(Transaction transaction, String namespace, String lease, String type, String id)
      throws SQLException {
    transaction.update(
        "INSERT OR IGNORE INTO lease_resource (namespace, lease, type, id) VALUES (?, ?, ?, ?)",
        namespace,
        lease,
        type,
        id);
  }

  /** Has the scope's lease, if it names one, hold something no more. */
  public static void remove(Transaction transaction, Scope scope, String type, String id)
      throws SQLException {
    remove(transaction, scope.namespace(), scope.lease(), type, id);
  }

  static void remove(
      Transaction transaction, String namespace, String lease, String type, String id)
      throws SQLException {
    transaction.update(
        "DELETE FROM lease_resource WHERE namespace = ? AND lease = ? AND type = ? AND id = ?",
        namespace,
        lease,
        type,
        id);
  }
}
