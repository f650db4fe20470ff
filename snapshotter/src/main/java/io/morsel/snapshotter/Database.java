package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.sqlite.SQLiteConfig;

/**
 * The SQLite file under the {@link SnapshotStore}: its schema, and its transactions.
 *
 * <p>One connection writes, and a few others read beside it: in WAL mode neither waits for the
 * other. {@code synchronous=FULL} makes a commit durable before it returns.
 */
final class Database implements AutoCloseable {
  /** What a transaction does. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException, ContainerdException, IOException;
  }

  private static final int VERSION = 1;
  private static final int READERS = 4;
  private static final int BUSY_TIMEOUT_MILLIS = 10_000;

  private final Path file;
  private final Connection writer;
  private final ReentrantLock writerLock = new ReentrantLock(true);
  private final BlockingQueue<Connection> readers = new ArrayBlockingQueue<>(READERS);

  private Database(Path file, Connection writer) {
    this.file = file;
    this.writer = writer;
  }

  static Database open(Path file) throws IOException {
    try {
      Connection writer = connect(file, false);
      Database database = new Database(file, writer);
      try {
        database.migrate();
        for (int i = 0; i < READERS; i++) {
          database.readers.add(connect(file, true));
        }
        return database;
      } catch (SQLException | IOException e) {
        database.close();
        throw e;
      }
    } catch (SQLException e) {
      throw new IOException("can't open the snapshot store " + file + ": " + e.getMessage(), e);
    }
  }

  private static Connection connect(Path file, boolean readOnly) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    config.enforceForeignKeys(true);
    config.setTransactionMode(
        readOnly ? SQLiteConfig.TransactionMode.DEFERRED : SQLiteConfig.TransactionMode.IMMEDIATE);
    return config.createConnection("jdbc:sqlite:" + file);
  }

  private void migrate() throws SQLException, IOException {
    int version;
    try (Statement statement = writer.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA user_version")) {
      rows.next();
      version = rows.getInt(1);
    }
    if (version > VERSION) {
      throw new IOException(
          "the snapshot store "
              + file
              + " has schema version "
              + version
              + ", this Morsel knows versions up to "
              + VERSION
              + ": use the Morsel that wrote it, or a newer one");
    }
    if (version == VERSION) {
      return;
    }
    writer.setAutoCommit(false);
    try (Statement statement = writer.createStatement()) {
      // AUTOINCREMENT: the number of a removed snapshot is never given to another one.
      statement.executeUpdate(
          """
          CREATE TABLE snapshot (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
            parent INTEGER REFERENCES snapshot (id),
            created_nanos INTEGER NOT NULL,
            updated_nanos INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            inodes INTEGER NOT NULL
          )
          """);
      statement.executeUpdate("CREATE INDEX snapshot_parent ON snapshot (parent)");
      statement.executeUpdate(
          """
          CREATE TABLE label (
            snapshot INTEGER NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (snapshot, key)
          ) WITHOUT ROWID
          """);
      statement.executeUpdate("CREATE INDEX label_value ON label (key, value)");
      statement.executeUpdate("PRAGMA user_version = " + VERSION);
      writer.commit();
    } catch (SQLException e) {
      writer.rollback();
      throw e;
    } finally {
      writer.setAutoCommit(true);
    }
  }

  /** Runs {@code work} in a transaction that sees one state; many of them run at once. */
  <T> T read(Work<T> work) throws ContainerdException {
    Connection reader;
    try {
      reader = readers.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.CANCELED, "reading the snapshot store", e);
    }
    try {
      return transact(reader, work);
    } finally {
      readers.add(reader);
    }
  }

  /** Runs {@code work} in a transaction that is durable when this returns; one at a time. */
  <T> T write(Work<T> work) throws ContainerdException {
    return write(work, () -> {});
  }

  /** As above; {@code undo} runs where the transaction fails, before anybody else may write. */
  <T> T write(Work<T> work, Runnable undo) throws ContainerdException {
    writerLock.lock();
    try {
      boolean done = false;
      try {
        T result = transact(writer, work);
        done = true;
        return result;
      } finally {
        if (!done) {
          undo.run();
        }
      }
    } finally {
      writerLock.unlock();
    }
  }

  /** What {@link #exclusively} runs. */
  @FunctionalInterface
  interface Exclusive<T> {
    T run() throws ContainerdException, IOException;
  }

  /** Runs {@code work} while nobody writes. */
  <T> T exclusively(Exclusive<T> work) throws ContainerdException, IOException {
    writerLock.lock();
    try {
      return work.run();
    } finally {
      writerLock.unlock();
    }
  }

  private <T> T transact(Connection connection, Work<T> work) throws ContainerdException {
    try {
      connection.setAutoCommit(false);
      boolean done = false;
      try {
        T result = work.run(connection);
        connection.commit();
        done = true;
        return result;
      } finally {
        if (!done) {
          connection.rollback();
        }
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN, "the snapshot store " + file + " failed: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ContainerdException(ErrorClass.UNKNOWN, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    writerLock.lock();
    try {
      for (Connection reader = readers.poll(); reader != null; reader = readers.poll()) {
        closeQuietly(reader);
      }
      closeQuietly(writer);
    } finally {
      writerLock.unlock();
    }
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      org.slf4j.LoggerFactory.getLogger(Database.class)
          .warn("closing the snapshot store: {}", e.getMessage());
    }
  }
}
