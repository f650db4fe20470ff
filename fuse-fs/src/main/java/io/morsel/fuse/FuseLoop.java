package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that serve all direct mounts of the process: however many mounts there are, these few
 * wait for them all with epoll.
 *
 * <p>Descriptors are registered edge-triggered: each new request wakes one thread, which reads
 * until there is none left, so that no thread wakes in vain while another is at it.
 */
final class FuseLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FuseLoop.class);

  /** So many requests of one mount are served before the others have their turn. */
  private static final int TURN = 64;

  private static final long RELEASE_SECONDS = 10;
  private static final int MAX_EVENTS = 16;
  private static final long STOP = -1;

  /** Up to 128 MiB for reads that wait for content. */
  private static final int MAX_WAITING_BUFFERS = 128;

  private final int epoll;
  private final int stop;
  private final ReplyBufferPool buffers = new ReplyBufferPool(MAX_WAITING_BUFFERS);
  private final List<Thread> threads = new ArrayList<>();

  /** Copied on write; {@code null} where a slot is free. */
  private volatile @Nullable FuseConnection[] connections = new FuseConnection[0];

  private boolean closed;

  FuseLoop(int threadCount) throws IOException {
    epoll = Linux.epollCreate();
    stop = Linux.eventfd();
    Linux.epollCtl(epoll, Linux.EPOLL_CTL_ADD, stop, Linux.EPOLLIN, STOP);
    for (int i = 0; i < threadCount; i++) {
      RequestHandler handler = new RequestHandler();
      threads.add(Thread.ofPlatform().daemon().name("fuse-" + i).start(() -> run(handler)));
    }
  }

  /**
   * A connection for an open {@code /dev/fuse}, which is closed when it ends or if this fails; not
   * served yet.
   *
   * @param cached see {@link FuseConnection#cached}
   */
  synchronized FuseConnection connect(int fd, Path mountPoint, LayerContent content, boolean cached)
      throws IOException {
    if (closed) {
      Linux.close(fd);
      throw new IOException("mount " + mountPoint + ": the mounter is closed");
    }
    @Nullable FuseConnection[] now = connections;
    int slot = 0;
    while (slot < now.length && now[slot] != null) {
      slot++;
    }
    FuseConnection connection = new FuseConnection(fd, slot, mountPoint, content, cached, buffers);
    now = Arrays.copyOf(now, Math.max(now.length, slot + 1));
    now[slot] = connection;
    connections = now;
    return connection;
  }

  /** Starts to serve a connection whose filesystem is mounted. */
  void serve(FuseConnection connection) throws IOException {
    Linux.epollCtl(
        epoll,
        Linux.EPOLL_CTL_ADD,
        connection.fd(),
        Linux.EPOLLIN | Linux.EPOLLET,
        connection.slot());
  }

  /** Ends a connection, and with it the filesystem if the kernel still has it. */
  void end(FuseConnection connection, String why) {
    if (connection.end(why)) {
      forget(connection);
    }
  }

  private synchronized void forget(FuseConnection connection) {
    @Nullable FuseConnection[] now = connections.clone();
    if (now[connection.slot()] == connection) {
      now[connection.slot()] = null;
      connections = now;
    }
  }

  /** The connections that are served. */
  List<FuseConnection> connections() {
    List<FuseConnection> list = new ArrayList<>();
    for (FuseConnection connection : connections) {
      if (connection != null) {
        list.add(connection);
      }
    }
    return list;
  }

  private void run(RequestHandler handler) {
    try (handler;
        Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate(MAX_EVENTS * (long) Linux.EPOLL_EVENT_BYTES, 8);
      while (true) {
        int n = Linux.epollWait(handler.errnoState(), epoll, events, MAX_EVENTS);
        if (n < 0 && n != -Errno.EINTR) {
          throw new IllegalStateException("epoll_wait: " + Linux.describe(-n));
        }
        for (int i = 0; i < n; i++) {
          long data = Linux.epollData(events, i);
          if (data == STOP) {
            return;
          }
          @Nullable FuseConnection[] now = connections;
          FuseConnection connection = data < now.length ? now[(int) data] : null;
          if (connection != null) {
            drain(handler, connection);
          }
        }
      }
    } catch (RuntimeException | Error e) {
      log.error("A thread that serves FUSE mounts ended; the others go on", e);
    }
  }

  private void drain(RequestHandler handler, FuseConnection connection) {
    if (!connection.acquire()) {
      return;
    }
    try {
      for (int i = 0; i < TURN; i++) {
        long n =
            Linux.read(
                handler.errnoState(),
                connection.fd(),
                handler.request(),
                RequestHandler.REQUEST_BYTES);
        if (n > 0) {
          handler.handle(connection, n);
          if (!connection.isAlive()) {
            forget(connection);
            return;
          }
        } else if (n == -Errno.EAGAIN) {
          return;
        } else if (n == -Errno.ENODEV || n == -Errno.ECONNABORTED) {
          // The latter where that came to pass while the kernel was handing out a request.
          end(connection, "unmounted");
          return;
        } else if (n != -Errno.EINTR && n != -Errno.ENOENT) {
          log.error(
              "{}: reading a request of {} failed, the mount ends: {}",
              connection.tree().content().name(),
              connection.mountPoint(),
              Linux.describe((int) -n));
          end(connection, "reading a request failed");
          return;
        }
      }
      rearm(connection);
    } finally {
      connection.release();
    }
  }

  /** The next wait reports the descriptor again if there are requests left. */
  private void rearm(FuseConnection connection) {
    try {
      Linux.epollCtl(
          epoll,
          Linux.EPOLL_CTL_MOD,
          connection.fd(),
          Linux.EPOLLIN | Linux.EPOLLET,
          connection.slot());
    } catch (IOException e) {
      log.error("{}: {}", connection.mountPoint(), e.getMessage());
      end(connection, "epoll refused the descriptor");
    }
  }

  /** Ends a connection as this process does: one whose descriptor is kept goes on for its users. */
  private void leave(FuseConnection connection) {
    if (!connection.isKept() || isDropped(connection)) {
      end(connection, "the mounter was closed");
    } else if (connection.leave("the mounter was closed")) {
      log.info(
          "{}: what reads of it at {} waits for the next start",
          connection.tree().content().name(),
          connection.mountPoint());
      forget(connection);
    }
  }

  private static boolean isDropped(FuseConnection connection) {
    if (!connection.acquire()) {
      return true;
    }
    try {
      return Linux.isDisconnected(connection.fd());
    } catch (IOException e) {
      log.debug("{}: {}", connection.mountPoint(), e.toString());
      return false;
    } finally {
      connection.release();
    }
  }

  /** Ends all threads, and all connections but those whose descriptors are kept. */
  @Override
  public void close() {
    List<FuseConnection> open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = connections();
    }
    open.forEach(this::leave);
    try {
      Linux.signal(stop);
      for (Thread thread : threads) {
        thread.join();
      }
      for (FuseConnection connection : open) {
        connection.released().get(RELEASE_SECONDS, TimeUnit.SECONDS);
      }
      buffers.close();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("Reads of unmounted layers are still under way");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    Linux.close(stop);
    Linux.close(epoll);
  }
}
