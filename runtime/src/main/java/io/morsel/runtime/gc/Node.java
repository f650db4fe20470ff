package io.morsel.runtime.gc;

/**
 * Something that can be collected or that refers to what can be.
 *
 * @param type what it is
 * @param namespace its namespace
 * @param key its identifier; a snapshot's is {@code <snapshotter>/<name>}
 * @param flat whether what its labels refer to is not followed
 */
record Node(Type type, String namespace, String key, boolean flat) {
  /** What there is. */
  enum Type {
    CONTENT,
    SNAPSHOT,
    CONTAINER,
    IMAGE,
    LEASE,
    INGEST
  }

  Node(Type type, String namespace, String key) {
    this(type, namespace, key, false);
  }

  static Node snapshot(String namespace, String snapshotter, String name, boolean flat) {
    return new Node(Type.SNAPSHOT, namespace, snapshotter + "/" + name, flat);
  }

  /** The same object, whose references are followed. */
  Node deep() {
    return flat ? new Node(type, namespace, key) : this;
  }
}
