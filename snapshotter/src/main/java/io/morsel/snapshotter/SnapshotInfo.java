package io.morsel.snapshotter;

import java.time.Instant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What containerd may know of a snapshot.
 *
 * @param name an active snapshot's or view's key, a committed one's name
 * @param parent the name of the snapshot below; empty where there is none
 * @param kind what it is for
 * @param created when it was created or, if committed, committed
 * @param updated when it was last changed
 * @param labels its labels, none of them with an empty value
 */
public record SnapshotInfo(
    String name,
    String parent,
    SnapshotKind kind,
    Instant created,
    Instant updated,
    SortedMap<String, String> labels) {
  /** Copies the labels. */
  public SnapshotInfo {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
  }
}
