package io.morsel.fuse;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** One mounted layer; closing unmounts it, lazily if it is in use. */
public interface LayerMount extends AutoCloseable {
  /** Where the layer is mounted. */
  Path mountPoint();

  /** Whether the kernel still has the mount; false after somebody else unmounted it. */
  boolean isAlive();

  /**
   * Whether the kernel reads all of the layer from the disk, and this process has no part in it.
   */
  default boolean readsDisk() {
    return false;
  }

  /**
   * Somebody is told the mount point, and is about to use it by its path: as a lower directory of
   * an overlay, say. What is mounted there does not change for a while.
   */
  default void handedOut() {}

  /**
   * Completes once the kernel has dropped the filesystem and nothing reads the content any more:
   * when {@link #close} returns, or later if the mount was in use. The content may then be closed.
   */
  CompletableFuture<Void> released();

  /**
   * Unmounts the layer. If it is in use it leaves the tree at once, and its users are served until
   * the last of them is gone, or the mounter is closed.
   */
  @Override
  void close();
}
