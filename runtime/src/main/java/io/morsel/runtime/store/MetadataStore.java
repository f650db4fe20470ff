package io.morsel.runtime.store;

import io.morsel.containerd.ContainerdException;
import io.morsel.snapshotter.database.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;

/**
 * The durable metadata of everything: namespaces, leases, content, images, containers, snapshots,
 * sandboxes.
 *
 * <p>What a transaction changed is on the disk when {@link #write} returns, wholly or, where it
 * failed, not at all. Safe for use by many threads.
 */
public final class MetadataStore implements AutoCloseable {
  /** What a transaction does. */
  @FunctionalInterface
  public interface Work<T> {
    /** Does it; whatever is thrown undoes it all. */
    T run(Transaction transaction) throws SQLException, ContainerdException, IOException;
  }

  /** Is told of every transaction that changed something. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A transaction was committed.
     *
     * @param garbage whether anything was deleted since the last collection
     */
    void mutated(boolean garbage);
  }

  private final Database database;
  private final Garbage garbage = new Garbage();
  private volatile Listener listener = dirty -> {};

  private MetadataStore(Database database) {
    this.database = database;
  }

  /**
   * Opens the store in {@code file} and creates it where it is missing.
   *
   * @throws IOException if it can't be opened or a newer Morsel wrote it
   */
  public static MetadataStore open(Path file) throws IOException {
    return new MetadataStore(Database.open("metadata store", file, Schema.VERSIONS));
  }

  /** Sets who is told of mutations; one at a time. */
  public void listen(Listener mutations) {
    this.listener = mutations;
  }

  /** Runs {@code work} in a transaction that sees one state and changes nothing. */
  public <T> T read(Work<T> work) throws ContainerdException {
    return database.read(connection -> work.run(new Transaction(connection, new Garbage())));
  }

  /** Runs {@code work} in a transaction that is durable when this returns; one at a time. */
  public <T> T write(Work<T> work) throws ContainerdException {
    Garbage left = new Garbage();
    T result = database.write(connection -> work.run(new Transaction(connection, left)));
    boolean dirty;
    synchronized (garbage) {
      garbage.add(left);
      dirty = garbage.hasDeletion();
    }
    listener.mutated(dirty);
    return result;
  }

  /**
   * As {@link #write}, for the collector: nobody is told of it.
   *
   * @return what all transactions until now, this one included, left to collect
   */
  public Garbage sweep(Work<?> work) throws ContainerdException {
    Garbage left = new Garbage();
    var _ =
        database.write(
            connection -> {
              synchronized (garbage) {
                left.add(garbage);
              }
              return work.run(new Transaction(connection, left));
            });
    synchronized (garbage) {
      garbage.clear();
    }
    return left;
  }

  /** Writes everything into the main file and closes it. */
  @Override
  public void close() {
    database.close();
  }
}
