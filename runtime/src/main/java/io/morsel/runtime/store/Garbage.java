package io.morsel.runtime.store;

import java.util.HashSet;
import java.util.Set;

/**
 * Where there may be something to collect: what transactions left behind and no collection has seen
 * yet. Not safe for use by many threads.
 */
public final class Garbage {
  private final Set<String> snapshotters = new HashSet<>();
  private boolean content;
  private boolean deletion;

  /** Something was deleted that may have been the last reference to something else. */
  public void deletion() {
    deletion = true;
  }

  /** A blob or an ingest lost its metadata. */
  public void content() {
    content = true;
  }

  /** A snapshot lost its metadata. */
  public void snapshot(String snapshotter) {
    snapshotters.add(snapshotter);
  }

  /** Whether blobs or ingests lost their metadata. */
  public boolean hasContent() {
    return content;
  }

  /** The snapshotters of which snapshots lost their metadata. */
  public Set<String> snapshotters() {
    return Set.copyOf(snapshotters);
  }

  /** Whether anything was deleted. */
  public boolean hasDeletion() {
    return deletion;
  }

  /** Forgets everything. */
  void clear() {
    snapshotters.clear();
    content = false;
    deletion = false;
  }

  /** Adds what another one has. */
  public void add(Garbage other) {
    snapshotters.addAll(other.snapshotters);
    content |= other.content;
    deletion |= other.deletion;
  }
}
