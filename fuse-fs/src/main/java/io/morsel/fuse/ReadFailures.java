package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsInode;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports reads that failed: which layer, file and offset, and why. A reader that tries again and
 * again is reported once in a while.
 */
final class ReadFailures {
  private static final Logger log = LoggerFactory.getLogger(ReadFailures.class);
  private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final LayerTree tree;
  private long lastNid = -1;
  private long lastNanos;

  ReadFailures(LayerTree tree) {
    this.tree = tree;
  }

  /** Reports a failure. */
  void report(ErofsInode inode, long fileOffset, Throwable cause) {
    if (isRepeated(inode.nid())) {
      return;
    }
    log.error(
        "{}: reading {} at offset {} failed, its reader gets EIO: {}",
        tree.content().name(),
        tree.pathOf(inode.nid()),
        fileOffset,
        cause.getMessage() == null ? cause.toString() : cause.getMessage());
    log.debug("The failed read", cause);
  }

  private synchronized boolean isRepeated(long nid) {
    long now = System.nanoTime();
    boolean repeated = nid == lastNid && now - lastNanos < REPEAT_NANOS;
    if (!repeated) {
      lastNid = nid;
      lastNanos = now;
    }
    return repeated;
  }
}
