package io.morsel.snapshotter;

/**
 * A snapshot as the store holds it.
 *
 * @param id its number, which names its directory and is never used again
 * @param info what containerd may know of it
 * @param usage what it took of the disk when it was committed; nothing before
 */
public record StoredSnapshot(long id, SnapshotInfo info, SnapshotUsage usage) {}
