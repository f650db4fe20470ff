package io.morsel.snapshotter;

/**
 * What a snapshot takes of the disk, its parents not counted.
 *
 * @param sizeBytes bytes allocated
 * @param inodes inodes used
 */
public record SnapshotUsage(long sizeBytes, long inodes) {
  /** Nothing. */
  public static final SnapshotUsage NONE = new SnapshotUsage(0, 0);
}
