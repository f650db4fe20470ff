package io.morsel.runtime.store;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.leases.Lease;
import io.morsel.containerd.api.types.Sandbox;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * A table of objects that are kept as messages of containerd's API, by namespace and identifier.
 *
 * @param <M> the message
 */
public final class MessageTable<M extends MessageLite> {
  /** Leases by their identifiers. */
  public static final MessageTable<Lease> LEASES = new MessageTable<>("lease", Lease.parser());

  /** What is known of blobs, by their digests. */
  public static final MessageTable<Info> CONTENT = new MessageTable<>("content", Info.parser());

  /** Images by their names. */
  public static final MessageTable<Image> IMAGES = new MessageTable<>("image", Image.parser());

  /** Containers by their identifiers. */
  public static final MessageTable<Container> CONTAINERS =
      new MessageTable<>("container", Container.parser());

  /** Sandboxes by their identifiers. */
  public static final MessageTable<Sandbox> SANDBOXES =
      new MessageTable<>("sandbox", Sandbox.parser());

  /**
   * An object with where it is.
   *
   * @param namespace its namespace
   * @param id its identifier
   * @param value the object
   */
  public record Entry<M>(String namespace, String id, M value) {}

  private final String table;
  private final Parser<M> parser;

  private MessageTable(String table, Parser<M> parser) {
    this.table = table;
    this.parser = parser;
  }

  /** One object. */
  public Optional<M> get(Transaction transaction, String namespace, String id)
      throws SQLException, IOException {
    return transaction.first(
        "SELECT value FROM " + table + " WHERE namespace = ? AND id = ?",
        rows -> parser.parseFrom(rows.getBytes(1)),
        namespace,
        id);
  }

  /** All objects of a namespace, in the order of their identifiers' bytes. */
  public List<M> list(Transaction transaction, String namespace) throws SQLException, IOException {
    return transaction.list(
        "SELECT value FROM " + table + " WHERE namespace = ? ORDER BY id",
        rows -> parser.parseFrom(rows.getBytes(1)),
        namespace);
  }

  /** All objects of all namespaces. */
  public List<Entry<M>> all(Transaction transaction) throws SQLException, IOException {
    return transaction.list(
        "SELECT namespace, id, value FROM " + table,
        rows ->
            new Entry<>(rows.getString(1), rows.getString(2), parser.parseFrom(rows.getBytes(3))));
  }

  /** The objects of all namespaces in which this text is somewhere: no other one is read. */
  public List<Entry<M>> containing(Transaction transaction, String text)
      throws SQLException, IOException {
    return transaction.list(
        "SELECT namespace, id, value FROM "
            + table
            + " WHERE instr(value, CAST(? AS BLOB)) > 0 ORDER BY namespace, id",
        rows ->
            new Entry<>(rows.getString(1), rows.getString(2), parser.parseFrom(rows.getBytes(3))),
        text);
  }

  /** Adds an object, with its namespace; false where there is one of this identifier already. */
  public boolean insert(Transaction transaction, String namespace, String id, M value)
      throws SQLException {
    transaction.ensureNamespace(namespace);
    return transaction.update(
            "INSERT OR IGNORE INTO " + table + " (namespace, id, value) VALUES (?, ?, ?)",
            namespace,
            id,
            value.toByteArray())
        > 0;
  }

  /** Puts an object in the place of the one of this identifier. */
  public void replace(Transaction transaction, String namespace, String id, M value)
      throws SQLException {
    transaction.update(
        "UPDATE " + table + " SET value = ? WHERE namespace = ? AND id = ?",
        value.toByteArray(),
        namespace,
        id);
  }

  /** Deletes an object; false where there is none. */
  public boolean delete(Transaction transaction, String namespace, String id) throws SQLException {
    return transaction.update(
            "DELETE FROM " + table + " WHERE namespace = ? AND id = ?", namespace, id)
        > 0;
  }
}
