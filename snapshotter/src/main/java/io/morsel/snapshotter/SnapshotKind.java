package io.morsel.snapshotter;

import io.morsel.containerd.api.snapshots.Kind;

/** What a snapshot is for. */
public enum SnapshotKind {
  /** Read-only, on top of a committed one. */
  VIEW(1, "view", Kind.VIEW),
  /** Writable. */
  ACTIVE(2, "active", Kind.ACTIVE),
  /** Finished: the only kind that others can have as their parent. */
  COMMITTED(3, "committed", Kind.COMMITTED);

  private final int code;
  private final String filterValue;
  private final Kind wire;

  SnapshotKind(int code, String filterValue, Kind wire) {
    this.code = code;
    this.filterValue = filterValue;
    this.wire = wire;
  }

  /** How the store writes the kind down. */
  int code() {
    return code;
  }

  /** How filters spell the kind. */
  public String filterValue() {
    return filterValue;
  }

  /** How the kind travels over gRPC. */
  public Kind wire() {
    return wire;
  }

  static SnapshotKind ofCode(int code) {
    for (SnapshotKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw new IllegalStateException("the store holds a snapshot of unknown kind " + code);
  }
}
