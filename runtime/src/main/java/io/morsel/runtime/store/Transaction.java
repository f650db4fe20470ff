package io.morsel.runtime.store;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a transaction's work may do; valid, and used by one thread, until the work returns. */
public final class Transaction {
  /** Makes an object of a row. */
  @FunctionalInterface
  public interface Row<T> {
    /** The object of the row that {@code rows} is at. */
    T read(ResultSet rows) throws SQLException, IOException;
  }

  private final Connection connection;
  private final Garbage garbage;

  Transaction(Connection connection, Garbage garbage) {
    this.connection = connection;
    this.garbage = garbage;
  }

  /** Runs one statement; how many rows it changed. */
  public int update(String sql, @Nullable Object... parameters) throws SQLException {
    try (PreparedStatement statement = prepare(sql, parameters)) {
      return statement.executeUpdate();
    }
  }

  /** All rows of a query. */
  public <T> List<T> list(String sql, Row<T> row, @Nullable Object... parameters)
      throws SQLException, IOException {
    List<T> found = new ArrayList<>();
    try (PreparedStatement statement = prepare(sql, parameters);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        found.add(row.read(rows));
      }
    }
    return found;
  }

  /** The first row of a query, if there is one. */
  public <T> Optional<T> first(String sql, Row<T> row, @Nullable Object... parameters)
      throws SQLException, IOException {
    try (PreparedStatement statement = prepare(sql, parameters);
        ResultSet rows = statement.executeQuery()) {
      return rows.next() ? Optional.of(row.read(rows)) : Optional.empty();
    }
  }

  /** Whether a query has a row. */
  public boolean exists(String sql, @Nullable Object... parameters)
      throws SQLException, IOException {
    return first(sql, rows -> true, parameters).isPresent();
  }

  private PreparedStatement prepare(String sql, @Nullable Object... parameters)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement;
    } catch (SQLException e) {
      statement.close();
      throw e;
    }
  }

  /**
   * Makes a namespace unless it is there: they spring into existence with what is put into them.
   */
  public void ensureNamespace(String namespace) throws SQLException {
    update("INSERT OR IGNORE INTO namespace (name, value) VALUES (?, x'')", namespace);
  }

  /** The next number, from 1, of those with this name; none comes twice. */
  public long nextNumber(String namespace, String name) throws SQLException, IOException {
    return first(
            """
            INSERT INTO sequence (namespace, name, value) VALUES (?, ?, 1)
              ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value
            """,
            rows -> rows.getLong(1),
            namespace,
            name)
        .orElseThrow();
  }

  /** Where the transaction leaves something to collect. */
  public Garbage garbage() {
    return garbage;
  }
}
