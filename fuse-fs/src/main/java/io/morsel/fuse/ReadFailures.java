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
  private long lastPlace = -1;
  private long lastNanos;

  ReadFailures(LayerTree tree) {
    this.tree = tree;
  }

  /** Reports a failure. */
  void report(ErofsInode inode, long fileOffset, Throwable cause) {
    // Of a layer's data one place is a file of the layer.
    if (isRepeated(tree.content() instanceof LayerDataFile ? fileOffset : inode.nid())) {
      return;
    }
    log.error(
        "{}: reading {} failed, its reader gets EIO: {}",
        tree.content().name(),
        tree.describe(inode, fileOffset),
        cause.getMessage() == null ? cause.toString() : cause.getMessage());
    log.debug("The failed read", cause);
  }

  private synchronized boolean isRepeated(long place) {
    long now = System.nanoTime();
    boolean repeated = place == lastPlace && now - lastNanos < REPEAT_NANOS;
    if (!repeated) {
      lastPlace = place;
      lastNanos = now;
    }
    return repeated;
  }
}
