package io.morsel.snapshotter;

import java.util.List;

/**
 * What is needed to mount an active snapshot or a view.
 *
 * @param id its number
 * @param kind active or view
 * @param parents the snapshots below it, the immediate parent first
 */
public record SnapshotChain(long id, SnapshotKind kind, List<Parent> parents) {
  /** Copies the list. */
  public SnapshotChain {
    parents = List.copyOf(parents);
  }

  /**
   * One of the committed snapshots below.
   *
   * @param id its number
   * @param name its name
   * @param remote whether it is a layer that Morsel mounts
   */
  public record Parent(long id, String name, boolean remote) {}
}
