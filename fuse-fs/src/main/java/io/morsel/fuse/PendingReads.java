package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * The reads of one mount whose content is not there yet: each waits on a virtual thread of its own.
 *
 * <p>How many of them fetch at a time is bounded, for the mount here and for all mounts by the pool
 * of buffers; the rest wait in line, and the kernel bounds those.
 */
final class PendingReads {
  /** So many wait for content at a time, so that a mount whose registry hangs leaves buffers. */
  private static final int MAX_FETCHING = 16;

  private final FuseConnection connection;
  private final ReplyBufferPool buffers;
  private final ReadFailures failures;
  private final Semaphore fetching = new Semaphore(MAX_FETCHING, true);
  private final ConcurrentHashMap<Long, Waiting> waiting = new ConcurrentHashMap<>();

  PendingReads(FuseConnection connection, ReplyBufferPool buffers) {
    this.connection = connection;
    this.buffers = buffers;
    this.failures = new ReadFailures(connection.tree());
  }

  /** Where failed reads are reported. */
  ReadFailures failures() {
    return failures;
  }

  /** Answers a read later; the caller holds a use of the connection. */
  void start(long unique, ErofsInode inode, long fileOffset, int bytes) {
    if (!connection.acquire()) {
      return;
    }
    Waiting read = new Waiting(unique, inode, fileOffset, bytes);
    waiting.put(unique, read);
    read.thread.start();
  }

  /** Gives a read up; false if it is not waiting here: not yet, or no more. */
  boolean interrupt(long unique) {
    Waiting read = waiting.get(unique);
    if (read == null) {
      return false;
    }
    read.giveUp();
    return true;
  }

  /** Gives all reads up. */
  void cancelAll() {
    waiting.values().forEach(Waiting::giveUp);
  }

  private void refuse(long unique, int errno) {
    try (Arena arena = Arena.ofConfined()) {
      connection.refuse(Linux.newErrnoState(arena), arena, errno, unique);
    }
  }

  /** A read that waits, and its thread. */
  private final class Waiting {
    private final long unique;
    private final ErofsInode inode;
    private final long fileOffset;
    private final int bytes;
    private final Thread thread;
    private volatile boolean givenUp;

    Waiting(long unique, ErofsInode inode, long fileOffset, int bytes) {
      this.unique = unique;
      this.inode = inode;
      this.fileOffset = fileOffset;
      this.bytes = bytes;
      // The highest bit is set where the kernel sends a request again.
      long number = unique & Long.MAX_VALUE;
      this.thread = Thread.ofVirtual().name("fuse-read-", number).unstarted(this::run);
    }

    void giveUp() {
      givenUp = true;
      thread.interrupt();
    }

    private void run() {
      try (Arena arena = Arena.ofConfined()) {
        fetching.acquire();
        try {
          ReplyBuffer buffer = buffers.take();
          try {
            int errno = read(buffer);
            waiting.remove(unique);
            connection.reply(Linux.newErrnoState(arena), buffer, bytes, errno, unique);
          } finally {
            buffers.give(buffer);
          }
        } finally {
          fetching.release();
        }
      } catch (InterruptedException e) {
        refuse(unique, Errno.EINTR);
      } catch (IOException | RuntimeException | Error e) {
        failures.report(inode, fileOffset, e);
        refuse(unique, Errno.EIO);
      } finally {
        waiting.remove(unique);
        connection.release();
      }
    }

    /** Reads into the buffer's body; returns 0 or an error number. */
    private int read(ReplyBuffer buffer) {
      try {
        connection.tree().content().read(inode.dataOffset() + fileOffset, buffer.body(bytes));
        return 0;
      } catch (IOException | RuntimeException | Error e) {
        // Not by the exception's type: a registry's timeout is an InterruptedIOException too.
        if (givenUp) {
          return Errno.EINTR;
        }
        failures.report(inode, fileOffset, e);
        return Errno.EIO;
      }
    }
  }
}
