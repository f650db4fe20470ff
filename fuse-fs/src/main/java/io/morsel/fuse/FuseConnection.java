package io.morsel.fuse;

import io.morsel.fuse.protocol.OutHeader;
import io.morsel.prefetch.LayerContent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's end of one direct mount: the descriptor of {@code /dev/fuse}, and who uses it.
 *
 * <p>Whoever reads requests from it or replies holds a use ({@link #acquire}), so that the
 * descriptor is closed, and its number used again, only after the last of them.
 */
final class FuseConnection {
  private static final Logger log = LoggerFactory.getLogger(FuseConnection.class);

  private final int fd;
  private final int slot;
  private final Path mountPoint;
  private final LayerTree tree;
  private final boolean cached;
  private final PendingReads reads;
  private final CompletableFuture<Integer> initialized = new CompletableFuture<>();
  private final CompletableFuture<Void> released = new CompletableFuture<>();
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Users, and one more until the connection ends. */
  private final AtomicInteger uses = new AtomicInteger(1);

  private volatile String whyEnded = "";
  private volatile boolean opensFiles;
  private volatile boolean opensDirectories;
  private volatile DescriptorKeeper keeper = DescriptorKeeper.NONE;

  /** What the descriptor is kept as; empty where it is not. */
  private volatile String keptAs = "";

  /** Whether what is not answered yet is another process's to answer. */
  private volatile boolean left;

  FuseConnection(
      int fd,
      int slot,
      Path mountPoint,
      LayerContent content,
      boolean cached,
      ReplyBufferPool buffers) {
    this.fd = fd;
    this.slot = slot;
    this.mountPoint = mountPoint;
    this.tree = new LayerTree(content);
    this.cached = cached;
    this.reads = new PendingReads(this, buffers);
  }

  int fd() {
    return fd;
  }

  /** The connection's place in the loop's table. */
  int slot() {
    return slot;
  }

  Path mountPoint() {
    return mountPoint;
  }

  LayerTree tree() {
    return tree;
  }

  PendingReads reads() {
    return reads;
  }

  /**
   * Whether the kernel keeps what it reads and reads ahead; otherwise another filesystem of its
   * does that on top of this one.
   */
  boolean cached() {
    return cached;
  }

  /** Completes with the protocol's minor version once INIT is answered. */
  CompletableFuture<Integer> initialized() {
    return initialized;
  }

  /** Completes once the kernel has dropped the filesystem and nothing here uses its content. */
  CompletableFuture<Void> released() {
    return released;
  }

  /** Whether OPEN must be answered, because the kernel can't do without. */
  boolean opensFiles() {
    return opensFiles;
  }

  /** Whether OPENDIR must be answered, because the kernel can't do without. */
  boolean opensDirectories() {
    return opensDirectories;
  }

  void initialize(int minor, boolean opensFiles, boolean opensDirectories) {
    this.opensFiles = opensFiles;
    this.opensDirectories = opensDirectories;
    initialized.complete(minor);
  }

  /** Says that the descriptor is kept for a later process, until the connection ends. */
  void kept(DescriptorKeeper by, String name) {
    keeper = by;
    keptAs = name;
    if (ended.get() && !left) {
      by.drop(name);
    }
  }

  /** Whether a later process may serve the connection. */
  boolean isKept() {
    return !keptAs.isEmpty();
  }

  /** Whether the kernel still has the filesystem. */
  boolean isAlive() {
    return !ended.get();
  }

  /** Why the connection ended; empty while it has not. */
  String whyEnded() {
    return whyEnded;
  }

  /** Takes a use; false once the connection is closed or about to be. */
  boolean acquire() {
    int n = uses.get();
    while (n > 0 && !ended.get()) {
      int witness = uses.compareAndExchange(n, n + 1);
      if (witness == n) {
        return true;
      }
      n = witness;
    }
    return false;
  }

  /** Gives a use back. */
  void release() {
    if (uses.decrementAndGet() == 0) {
      Linux.close(fd);
      released.complete(null);
    }
  }

  /**
   * Ends the connection: the kernel has dropped the filesystem, or is made to by closing the
   * descriptor. Reads that wait are given up.
   *
   * @return whether this call ended it
   */
  boolean end(String why) {
    if (!ended.compareAndSet(false, true)) {
      return false;
    }
    if (isKept()) {
      keeper.drop(keptAs);
    }
    finish(why);
    return true;
  }

  /**
   * Ends the connection for this process only, whose descriptor is kept: requests that were taken
   * and are not answered yet are left to the process that serves it next, which asks for them
   * again.
   *
   * @return whether this call did so
   */
  boolean leave(String why) {
    if (!ended.compareAndSet(false, true)) {
      return false;
    }
    left = true;
    finish(why);
    return true;
  }

  private void finish(String why) {
    whyEnded = why;
    initialized.completeExceptionally(new IllegalStateException(why));
    reads.cancelAll();
    log.debug("{}: {} is no longer served: {}", tree.content().name(), mountPoint, why);
    release();
  }

  /** Whether an error comes of leaving and says nothing of the content: nobody is to see it. */
  private boolean isLeftTo(int errno) {
    return left && (errno == Errno.EINTR || errno == Errno.EIO);
  }

  /**
   * Has the kernel send again what another process took and did not answer.
   *
   * @return whether it does; false for one before Linux 6.9
   */
  boolean resend() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(OutHeader.BYTES, Long.BYTES);
      OutHeader.putNotification(header, 0, 0, OutHeader.NOTIFY_RESEND);
      long n = Linux.write(Linux.newErrnoState(arena), fd, header, OutHeader.BYTES);
      if (n < 0) {
        log.debug(
            "{}: the kernel does not send requests again: {}",
            tree.content().name(),
            Linux.describe((int) -n));
      }
      return n >= 0;
    }
  }

  /** Sends a reply; an error has no body. */
  void reply(MemorySegment errnoState, ReplyBuffer buffer, int bodyBytes, int errno, long unique) {
    if (isLeftTo(errno)) {
      return;
    }
    int bytes = errno == 0 ? bodyBytes : 0;
    OutHeader.put(buffer.segment(), ReplyBuffer.HEADER, bytes, errno, unique);
    send(errnoState, buffer.message(), OutHeader.BYTES + bytes);
  }

  /** Sends an error where no buffer is at hand. */
  void refuse(MemorySegment errnoState, Arena arena, int errno, long unique) {
    if (isLeftTo(errno)) {
      return;
    }
    MemorySegment header = arena.allocate(OutHeader.BYTES, Long.BYTES);
    OutHeader.put(header, 0, 0, errno, unique);
    send(errnoState, header, OutHeader.BYTES);
  }

  private void send(MemorySegment errnoState, MemorySegment message, int bytes) {
    long n = Linux.write(errnoState, fd, message, bytes);
    // ENOENT: the request was given up meanwhile. ENODEV: so was the filesystem.
    if (n < 0 && n != -Errno.ENOENT && n != -Errno.ENODEV) {
      refused(bytes, (int) -n);
    }
  }

  /**
   * A method of its own: with it, the compiler takes 7 MB for the one above, on any start's way.
   */
  private void refused(int bytes, int errno) {
    log.error(
        "{}: the kernel refused a reply of {} bytes: {}",
        tree.content().name(),
        bytes,
        Linux.describe(errno));
  }
}
