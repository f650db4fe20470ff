package io.morsel.runtime.store;

import java.util.ArrayList;
import java.util.List;

/**
 * The tables. Objects of containerd's API are kept as its own messages, in the column {@code
 * value}: fields that later versions add are kept without a change here.
 */
final class Schema {
  /** What each version adds to the one before. */
  static final List<List<String>> VERSIONS = List.of(first());

  private Schema() {}

  private static List<String> first() {
    List<String> statements = new ArrayList<>();
    statements.add(
        "CREATE TABLE namespace (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
    for (String table : List.of("lease", "content", "image", "container", "sandbox")) {
      statements.add(
          """
          CREATE TABLE %s (
            namespace TEXT NOT NULL REFERENCES namespace (name) ON DELETE CASCADE,
            id TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (namespace, id)
          )
          """
              .formatted(table));
    }
    statements.add(
        """
        CREATE TABLE lease_resource (
          namespace TEXT NOT NULL,
          lease TEXT NOT NULL,
          type TEXT NOT NULL,
          id TEXT NOT NULL,
          PRIMARY KEY (namespace, lease, type, id),
          FOREIGN KEY (namespace, lease) REFERENCES lease (namespace, id) ON DELETE CASCADE
        ) WITHOUT ROWID
        """);
    // expected: the digest of a blob of another namespace, whose bytes need not be written again.
    statements.add(
        """
        CREATE TABLE ingest (
          namespace TEXT NOT NULL REFERENCES namespace (name) ON DELETE CASCADE,
          ref TEXT NOT NULL,
          backend_ref TEXT NOT NULL,
          expires_seconds INTEGER,
          expected TEXT,
          PRIMARY KEY (namespace, ref)
        ) WITHOUT ROWID
        """);
    statements.add(
        """
        CREATE TABLE snapshot (
          namespace TEXT NOT NULL REFERENCES namespace (name) ON DELETE CASCADE,
          snapshotter TEXT NOT NULL,
          name TEXT NOT NULL,
          parent TEXT NOT NULL,
          backend_key TEXT NOT NULL,
          value BLOB NOT NULL,
          PRIMARY KEY (namespace, snapshotter, name)
        )
        """);
    statements.add("CREATE INDEX snapshot_parent ON snapshot (namespace, snapshotter, parent)");
    // Commits that the backend was asked for, until it has answered.
    statements.add(
        """
        CREATE TABLE snapshot_commit (
          namespace TEXT NOT NULL REFERENCES namespace (name) ON DELETE CASCADE,
          snapshotter TEXT NOT NULL,
          key TEXT NOT NULL,
          name TEXT NOT NULL,
          backend_key TEXT NOT NULL,
          value BLOB NOT NULL,
          PRIMARY KEY (namespace, snapshotter, key),
          UNIQUE (namespace, snapshotter, name)
        )
        """);
    statements.add(
        """
        CREATE TABLE sequence (
          namespace TEXT NOT NULL REFERENCES namespace (name) ON DELETE CASCADE,
          name TEXT NOT NULL,
          value INTEGER NOT NULL,
          PRIMARY KEY (namespace, name)
        ) WITHOUT ROWID
        """);
    return List.copyOf(statements);
  }
}
