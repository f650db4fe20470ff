package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.snapshotter.database.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The durable metadata of all snapshots, with the semantics of containerd's package {@code
 * snapshots/storage}.
 *
 * <p>What a method that changes something did is on the disk when it returns, wholly or, where it
 * failed, not at all. Numbers of snapshots grow and are never used twice. Labels with empty values
 * are dropped, as containerd does. Safe for use by many threads.
 */
public final class SnapshotStore implements AutoCloseable {
  /** What has to happen on the disk for a snapshot to exist; called while nobody else may write. */
  interface Placement {
    /** Called last in the transaction that creates the snapshot. */
    void place(SnapshotChain chain) throws IOException;

    /** Called where that transaction fails, whether or not {@link #place} was called. */
    void undo();

    /** Nothing. */
    Placement NONE =
        new Placement() {
          @Override
          public void place(SnapshotChain chain) {}

          @Override
          public void undo() {}
        };
  }

  private static final List<List<String>> SCHEMA =
      List.of(
          List.of(
              // AUTOINCREMENT: the number of a removed snapshot is never given to another one.
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
              """,
              "CREATE INDEX snapshot_parent ON snapshot (parent)",
              """
              CREATE TABLE label (
                snapshot INTEGER NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
                key TEXT NOT NULL,
                value TEXT NOT NULL,
                PRIMARY KEY (snapshot, key)
              ) WITHOUT ROWID
              """,
              "CREATE INDEX label_value ON label (key, value)"));

  private static final String COLUMNS =
      "s.id, s.name, s.kind, s.created_nanos, s.updated_nanos, s.size_bytes, s.inodes, p.name";

  private static final String FROM = " FROM snapshot s LEFT JOIN snapshot p ON p.id = s.parent ";

  private final Database database;
  private final Clock clock;

  private SnapshotStore(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Opens the store in {@code file} and creates it where it is missing.
   *
   * @throws IOException if it can't be opened or a newer Morsel wrote it
   */
  public static SnapshotStore open(Path file) throws IOException {
    return open(file, Clock.systemUTC());
  }

  static SnapshotStore open(Path file, Clock clock) throws IOException {
    return new SnapshotStore(Database.open("snapshot store", file, SCHEMA), clock);
  }

  /** The snapshot of this key or name. */
  public StoredSnapshot stat(String name) throws ContainerdException {
    return database.read(
        connection -> {
          StoredSnapshot snapshot = find(connection, name);
          if (snapshot == null) {
            throw notFound();
          }
          return snapshot;
        });
  }

  /** What is needed to mount the active snapshot or view of this key. */
  public SnapshotChain chain(String key) throws ContainerdException {
    return database.read(
        connection -> {
          StoredSnapshot snapshot = find(connection, key);
          if (snapshot == null) {
            throw notFound();
          }
          if (snapshot.info().kind() == SnapshotKind.COMMITTED) {
            throw new ContainerdException(
                ErrorClass.FAILED_PRECONDITION,
                "requested snapshot " + key + " not active or view");
          }
          return new SnapshotChain(
              snapshot.id(), snapshot.info().kind(), parents(connection, snapshot.id()));
        });
  }

  /** The snapshots below this one, the immediate parent first. */
  List<SnapshotChain.Parent> parents(long id) throws ContainerdException {
    return database.read(connection -> parents(connection, id));
  }

  /**
   * Creates an active snapshot or a view.
   *
   * @param parent the name of a committed snapshot, or empty
   */
  public SnapshotChain create(
      SnapshotKind kind, String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    return create(kind, key, parent, labels, Placement.NONE);
  }

  /** As above; {@code placement} runs when nothing but the commit can fail any more. */
  SnapshotChain create(
      SnapshotKind kind, String key, String parent, Map<String, String> labels, Placement placement)
      throws ContainerdException {
    if (kind == SnapshotKind.COMMITTED) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "only snapshots of kind Active or View can be created, not " + kind);
    }
    requireName("key", key);
    return database.write(
        connection -> {
          Long parentId = null;
          if (!parent.isEmpty()) {
            StoredSnapshot below = find(connection, parent);
            if (below == null) {
              throw new ContainerdException(
                  ErrorClass.NOT_FOUND, "missing parent \"" + parent + "\" bucket");
            }
            if (below.info().kind() != SnapshotKind.COMMITTED) {
              throw new ContainerdException(
                  ErrorClass.INVALID_ARGUMENT,
                  "parent \"" + parent + "\" is not committed snapshot");
            }
            parentId = below.id();
          }
          if (find(connection, key) != null) {
            throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "snapshot " + key);
          }
          long id = insert(connection, kind, key, parentId);
          putLabels(connection, id, labels);
          SnapshotChain chain = new SnapshotChain(id, kind, parents(connection, id));
          placement.place(chain);
          return chain;
        },
        placement::undo);
  }

  /**
   * Turns the active snapshot {@code key} into a committed one called {@code name}, with these
   * labels and none of its former ones.
   *
   * @return the snapshot's number, which stays
   */
  public long commit(String key, String name, SnapshotUsage usage, Map<String, String> labels)
      throws ContainerdException {
    requireName("name", name);
    return database.write(
        connection -> {
          if (find(connection, name) != null) {
            throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "committed snapshot " + name);
          }
          StoredSnapshot active = find(connection, key);
          if (active == null) {
            throw new ContainerdException(
                ErrorClass.NOT_FOUND, "failed to get active snapshot \"" + key + "\"");
          }
          if (active.info().kind() != SnapshotKind.ACTIVE) {
            throw new ContainerdException(
                ErrorClass.FAILED_PRECONDITION, "snapshot \"" + key + "\" is not active");
          }
          long now = nowNanos();
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "UPDATE snapshot SET name = ?, kind = ?, created_nanos = ?, updated_nanos = ?,"
                      + " size_bytes = ?, inodes = ? WHERE id = ?")) {
            statement.setString(1, name);
            statement.setInt(2, SnapshotKind.COMMITTED.code());
            statement.setLong(3, now);
            statement.setLong(4, now);
            statement.setLong(5, usage.sizeBytes());
            statement.setLong(6, usage.inodes());
            statement.setLong(7, active.id());
            statement.executeUpdate();
          }
          putLabels(connection, active.id(), labels);
          return active.id();
        });
  }

  /**
   * Changes a snapshot's labels.
   *
   * @param labels where the new values are taken from
   * @param paths {@code labels} or {@code labels.<name>}; none stands for all labels
   */
  public SnapshotInfo update(String name, Map<String, String> labels, Collection<String> paths)
      throws ContainerdException {
    return database.write(
        connection -> {
          StoredSnapshot snapshot = find(connection, name);
          if (snapshot == null) {
            throw notFound();
          }
          SortedMap<String, String> updated = new TreeMap<>(snapshot.info().labels());
          if (paths.isEmpty()) {
            updated.clear();
            updated.putAll(labels);
          }
          for (String path : paths) {
            if (path.startsWith("labels.")) {
              String label = path.substring("labels.".length());
              updated.put(label, labels.getOrDefault(label, ""));
            } else if (path.equals("labels")) {
              updated.clear();
              updated.putAll(labels);
            } else {
              throw new ContainerdException(
                  ErrorClass.INVALID_ARGUMENT,
                  "cannot update \"" + path + "\" field on snapshot \"" + name + "\"");
            }
          }
          try (PreparedStatement statement =
              connection.prepareStatement("UPDATE snapshot SET updated_nanos = ? WHERE id = ?")) {
            statement.setLong(1, nowNanos());
            statement.setLong(2, snapshot.id());
            statement.executeUpdate();
          }
          putLabels(connection, snapshot.id(), updated);
          StoredSnapshot stored = find(connection, name);
          if (stored == null) {
            throw notFound();
          }
          return stored.info();
        });
  }

  /**
   * Removes a snapshot that is nobody's parent.
   *
   * @return what was removed
   */
  public StoredSnapshot remove(String key) throws ContainerdException {
    return database.write(
        connection -> {
          StoredSnapshot snapshot = find(connection, key);
          if (snapshot == null) {
            throw new ContainerdException(ErrorClass.NOT_FOUND, "snapshot " + key);
          }
          try (PreparedStatement statement =
              connection.prepareStatement("SELECT 1 FROM snapshot WHERE parent = ? LIMIT 1")) {
            statement.setLong(1, snapshot.id());
            try (ResultSet rows = statement.executeQuery()) {
              if (rows.next()) {
                throw new ContainerdException(
                    ErrorClass.FAILED_PRECONDITION, "cannot remove snapshot with child");
              }
            }
          }
          try (PreparedStatement statement =
              connection.prepareStatement("DELETE FROM snapshot WHERE id = ?")) {
            statement.setLong(1, snapshot.id());
            statement.executeUpdate();
          }
          return snapshot;
        });
  }

  /** All snapshots that pass the filter, in the order of their names' bytes. */
  public List<StoredSnapshot> list(Filter filter) throws ContainerdException {
    return database.read(
        connection -> {
          Map<Long, SortedMap<String, String>> labels = new HashMap<>();
          try (PreparedStatement statement =
                  connection.prepareStatement("SELECT snapshot, key, value FROM label");
              ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              labels
                  .computeIfAbsent(rows.getLong(1), id -> new TreeMap<>())
                  .put(rows.getString(2), rows.getString(3));
            }
          }
          List<StoredSnapshot> found = new ArrayList<>();
          try (PreparedStatement statement =
                  connection.prepareStatement("SELECT " + COLUMNS + FROM + "ORDER BY s.name");
              ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              StoredSnapshot snapshot =
                  read(rows, labels.getOrDefault(rows.getLong(1), new TreeMap<>()));
              if (filter.matches(fields(snapshot.info()))) {
                found.add(snapshot);
              }
            }
          }
          return found;
        });
  }

  /** Whether there is a snapshot of this key or name. */
  boolean exists(String name) throws ContainerdException {
    return database.read(connection -> find(connection, name) != null);
  }

  /** Whether any snapshot has the label with this value. */
  boolean hasLabel(String label, String value) throws ContainerdException {
    return database.read(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "SELECT 1 FROM label WHERE key = ?1 AND value = ?2 LIMIT 1")) {
            statement.setString(1, label);
            statement.setString(2, value);
            try (ResultSet rows = statement.executeQuery()) {
              return rows.next();
            }
          }
        });
  }

  /**
   * The committed snapshot on this parent that has the label with this value; of several the one
   * that {@link #list} has first, which is the one that containerd takes.
   */
  Optional<StoredSnapshot> findCommitted(String label, String value, String parent)
      throws ContainerdException {
    return database.read(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "SELECT s.name FROM label l JOIN snapshot s ON s.id = l.snapshot"
                      + " LEFT JOIN snapshot p ON p.id = s.parent"
                      + " WHERE l.key = ?1 AND l.value = ?2 AND s.kind = ?3"
                      + " AND coalesce(p.name, '') = ?4 ORDER BY s.name LIMIT 1")) {
            statement.setString(1, label);
            statement.setString(2, value);
            statement.setInt(3, SnapshotKind.COMMITTED.code());
            statement.setString(4, parent);
            try (ResultSet rows = statement.executeQuery()) {
              return rows.next()
                  ? Optional.ofNullable(find(connection, rows.getString(1)))
                  : Optional.empty();
            }
          }
        });
  }

  /** The numbers of all snapshots. */
  public Set<Long> ids() throws ContainerdException {
    return database.read(
        connection -> {
          Set<Long> ids = new HashSet<>();
          try (PreparedStatement statement =
                  connection.prepareStatement("SELECT id FROM snapshot");
              ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              ids.add(rows.getLong(1));
            }
          }
          return ids;
        });
  }

  /**
   * Runs {@code work} with the numbers of all snapshots while none is created or removed.
   *
   * @param work must be quick, since everybody else waits
   */
  <T> T withIds(IdWork<T> work) throws ContainerdException, IOException {
    return database.exclusively(() -> work.run(ids()));
  }

  /** What {@link #withIds} runs. */
  @FunctionalInterface
  interface IdWork<T> {
    T run(Set<Long> ids) throws ContainerdException, IOException;
  }

  /** Writes everything into the main file and closes it. */
  @Override
  public void close() {
    database.close();
  }

  private long insert(Connection connection, SnapshotKind kind, String key, @Nullable Long parent)
      throws SQLException {
    long now = nowNanos();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "INSERT INTO snapshot (name, kind, parent, created_nanos, updated_nanos, size_bytes,"
                + " inodes) VALUES (?, ?, ?, ?, ?, 0, 0) RETURNING id")) {
      statement.setString(1, key);
      statement.setInt(2, kind.code());
      if (parent == null) {
        statement.setNull(3, java.sql.Types.BIGINT);
      } else {
        statement.setLong(3, parent);
      }
      statement.setLong(4, now);
      statement.setLong(5, now);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getLong(1);
      }
    }
  }

  private static void putLabels(Connection connection, long id, Map<String, String> labels)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("DELETE FROM label WHERE snapshot = ?")) {
      statement.setLong(1, id);
      statement.executeUpdate();
    }
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO label (snapshot, key, value) VALUES (?, ?, ?)")) {
      for (Map.Entry<String, String> label : labels.entrySet()) {
        if (!label.getValue().isEmpty()) {
          statement.setLong(1, id);
          statement.setString(2, label.getKey());
          statement.setString(3, label.getValue());
          statement.executeUpdate();
        }
      }
    }
  }

  private static @Nullable StoredSnapshot find(Connection connection, String name)
      throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT " + COLUMNS + FROM + "WHERE s.name = ?")) {
      statement.setString(1, name);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? read(rows, labels(connection, rows.getLong(1))) : null;
      }
    }
  }

  private static SortedMap<String, String> labels(Connection connection, long id)
      throws SQLException {
    SortedMap<String, String> labels = new TreeMap<>();
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT key, value FROM label WHERE snapshot = ?")) {
      statement.setLong(1, id);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          labels.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return labels;
  }

  private static StoredSnapshot read(ResultSet rows, SortedMap<String, String> labels)
      throws SQLException {
    String parent = rows.getString(8);
    return new StoredSnapshot(
        rows.getLong(1),
        new SnapshotInfo(
            rows.getString(2),
            parent == null ? "" : parent,
            SnapshotKind.ofCode(rows.getInt(3)),
            instant(rows.getLong(4)),
            instant(rows.getLong(5)),
            labels),
        new SnapshotUsage(rows.getLong(6), rows.getLong(7)));
  }

  private static List<SnapshotChain.Parent> parents(Connection connection, long id)
      throws SQLException {
    List<SnapshotChain.Parent> parents = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            WITH RECURSIVE chain(id, depth) AS (
              SELECT parent, 0 FROM snapshot WHERE id = ?1 AND parent IS NOT NULL
              UNION ALL
              SELECT s.parent, depth + 1 FROM snapshot s JOIN chain c ON s.id = c.id
              WHERE s.parent IS NOT NULL
            )
            SELECT s.id, s.name, l.value IS NOT NULL FROM chain c
              JOIN snapshot s ON s.id = c.id
              LEFT JOIN label l ON l.snapshot = s.id AND l.key = ?2
            ORDER BY c.depth
            """)) {
      statement.setLong(1, id);
      statement.setString(2, Labels.REMOTE);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          parents.add(
              new SnapshotChain.Parent(rows.getLong(1), rows.getString(2), rows.getBoolean(3)));
        }
      }
    }
    return parents;
  }

  /**
   * What filters may ask of a snapshot, as containerd's package {@code snapshots/storage} has it.
   */
  static Filter.Fields fields(SnapshotInfo info) {
    return path ->
        switch (path.getFirst()) {
          case "kind" -> info.kind().filterValue();
          case "name" -> info.name();
          case "parent" -> info.parent();
          case "labels" -> info.labels().get(String.join(".", path.subList(1, path.size())));
          default -> null;
        };
  }

  private static void requireName(String what, String value) throws ContainerdException {
    if (value.isEmpty()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "snapshot " + what + " must not be empty");
    }
  }

  private static ContainerdException notFound() {
    return new ContainerdException(ErrorClass.NOT_FOUND, "snapshot does not exist");
  }

  private long nowNanos() {
    Instant now = clock.instant();
    return Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
  }

  private static Instant instant(long nanos) {
    return Instant.ofEpochSecond(0, nanos);
  }
}
