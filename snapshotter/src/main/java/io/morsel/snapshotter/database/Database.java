package io.morsel.snapshotter.database;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.sqlite.SQLiteConfig;

/**
 * One SQLite file: its schema, and its transactions.
 *
 * <p>One connection writes, and a few others read beside it: in WAL mode neither waits for the
 * other. {@code synchronous=FULL} makes a commit durable before it returns. Safe for use by many
 * threads.
 */
public final class Database implements AutoCloseable {
  /** What a transaction does. */
  @FunctionalInterface
  public interface Work<T> {
    /** Does it; whatever is thrown undoes it all. */
    T run(Connection connection) throws SQLException, ContainerdException, IOException;
  }

  private static final int READERS = 4;
  private static final int BUSY_TIMEOUT_MILLIS = 10_000;

  private final String name;
  private final Path file;
  private final Connection writer;
  private final ReentrantLock writerLock = new ReentrantLock(true);
  private final BlockingQueue<Connection> readers = new ArrayBlockingQueue<>(READERS);

  private Database(String name, Path file, Connection writer) {
    this.name = name;
    this.file = file;
    this.writer = writer;
  }

  /**
   * Opens a database and creates it where it is missing.
   *
   * @param name what messages call it, such as "snapshot store"
   * @param versions the statements that make each version of the schema of the one before; the
   *     first version is made of nothing
   * @throws IOException if it can't be opened or a newer Morsel wrote it
   */
  public static Database open(String name, Path file, List<List<String>> versions)
      throws IOException {
    try {
      Connection writer = connect(file, false);
      Database database = new Database(name, file, writer);
      try {
        database.migrate(versions);
        for (int i = 0; i < READERS; i++) {
          database.readers.add(connect(file, true));
        }
        return database;
      } catch (SQLException | IOException e) {
        database.close();
        throw e;
      }
    } catch (SQLException e) {
      throw new IOException("can't open the " + name + " " + file + ": " + e.getMessage(), e);
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

  private void migrate(List<List<String>> versions) throws SQLException, IOException {
    int version;
    try (Statement statement = writer.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA user_version")) {
      rows.next();
      version = rows.getInt(1);
    }
    if (version > versions.size()) {
      throw new IOException(
          "the "
              + name
              + " "
              + file
              + " has schema version "
              + version
              + ", this Morsel knows versions up to "
              + versions.size()
              + ": use the Morsel that wrote it, or a newer one");
    }
    if (version == versions.size()) {
      return;
    }
    writer.setAutoCommit(false);
    try (Statement statement = writer.createStatement()) {
      for (List<String> statements : versions.subList(version, versions.size())) {
        for (String sql : statements) {
          statement.executeUpdate(sql);
        }
      }
      statement.executeUpdate("PRAGMA user_version = " + versions.size());
      writer.commit();
    } catch (SQLException e) {
      writer.rollback();
      throw e;
    } finally {
      writer.setAutoCommit(true);
    }
  }

  /** Runs {@code work} in a transaction that sees one state; many of them run at once. */
  public <T> T read(Work<T> work) throws ContainerdException {
    Connection reader;
    try {
      reader = readers.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.CANCELED, "reading the " + name, e);
    }
    try {
      return transact(reader, work);
    } finally {
      readers.add(reader);
    }
  }

  /** Runs {@code work} in a transaction that is durable when this returns; one at a time. */
  public <T> T write(Work<T> work) throws ContainerdException {
    return write(work, () -> {});
  }

  /** As above; {@code undo} runs where the transaction fails, before anybody else may write. */
  public <T> T write(Work<T> work, Runnable undo) throws ContainerdException {
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
  public interface Exclusive<T> {
    /** Does it. */
    T run() throws ContainerdException, IOException;
  }

  /** Runs {@code work} while nobody writes. */
  public <T> T exclusively(Exclusive<T> work) throws ContainerdException, IOException {
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
          ErrorClass.UNKNOWN, "the " + name + " " + file + " failed: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ContainerdException(ErrorClass.UNKNOWN, String.valueOf(e.getMessage()), e);
    }
  }

  /** Writes everything into the main file and closes it. */
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

  private void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      org.slf4j.LoggerFactory.getLogger(Database.class)
          .warn("closing the {}: {}", name, e.getMessage());
    }
  }
}
