package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
  private final ConcurrentHashMap<Long, Thread> waiting = new ConcurrentHashMap<>();

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
    Thread thread =
        Thread.ofVirtual()
            .name("fuse-read-", unique)
            .unstarted(() -> run(unique, inode, fileOffset, bytes));
    waiting.put(unique, thread);
    thread.start();
  }

  /** Gives a read up; false if it is not waiting here: not yet, or no more. */
  boolean interrupt(long unique) {
    Thread thread = waiting.get(unique);
    if (thread == null) {
      return false;
    }
    thread.interrupt();
    return true;
  }

  /** Gives all reads up. */
  void cancelAll() {
    waiting.values().forEach(Thread::interrupt);
  }

  /** How many reads wait. */
  int count() {
    return waiting.size();
  }

  private void run(long unique, ErofsInode inode, long fileOffset, int bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errnoState = Linux.newErrnoState(arena);
      fetching.acquire();
      try {
        ReplyBuffer buffer = buffers.take();
        try {
          int errno = read(buffer, inode, fileOffset, bytes);
          // No more interrupts from here on: the number may be asked about until it is answered.
          waiting.remove(unique);
          connection.reply(errnoState, buffer, bytes, errno, unique);
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
  private int read(ReplyBuffer buffer, ErofsInode inode, long fileOffset, int bytes) {
    try {
      connection.tree().content().read(inode.dataOffset() + fileOffset, buffer.body(bytes));
      return 0;
    } catch (InterruptedIOException e) {
      return Errno.EINTR;
    } catch (IOException | RuntimeException | Error e) {
      if (Thread.currentThread().isInterrupted()) {
        return Errno.EINTR;
      }
      failures.report(inode, fileOffset, e);
      return Errno.EIO;
    }
  }

  private void refuse(long unique, int errno) {
    try (Arena arena = Arena.ofConfined()) {
      connection.refuse(Linux.newErrnoState(arena), arena, errno, unique);
    }
  }
}
