package io.morsel.runtime.diff;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the layer that is being unpacked has made: a whiteout hides what lower layers have, and
 * nothing of its own layer, wherever in the tar it stands (OCI image specification, "Whiteouts").
 */
final class Made {
  private record Inode(long device, long number) {}

  private final Calls calls;

  /** Null where the root was empty at first, so that everything in it is the layer's. */
  private final @Nullable Set<Inode> inodes;

  private Made(Calls calls, @Nullable Set<Inode> inodes) {
    this.calls = calls;
    this.inodes = inodes;
  }

  /** Nothing so far, below a root that may hold something of others. */
  static Made below(Calls calls, RootDirectory root) throws IOException {
    return new Made(calls, calls.list(root.fd()).isEmpty() ? null : new HashSet<>());
  }

  /** Notes what has just been made. */
  void add(int directory, String name) throws IOException {
    if (inodes != null) {
      inodes.add(inode(calls.status(directory, name)));
    }
  }

  boolean contains(FileStatus status) {
    return inodes == null || inodes.contains(inode(status));
  }

  /** Whether nothing but the layer's own files can be there. */
  boolean isEverything() {
    return inodes == null;
  }

  private static Inode inode(FileStatus status) {
    return new Inode(status.device(), status.inode());
  }
}
