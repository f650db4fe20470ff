package io.morsel.shim;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the logs of all shims on one platform thread, which is there while there are logs: a read
 * of a FIFO would block the thread that carries a virtual one. Safe for use by many threads.
 */
final class ShimLogs {
  private static final Logger log = LoggerFactory.getLogger(ShimLogs.class);
  private static final int MAX_EVENTS = 64;
  private static final int STACK_BYTES = 256 << 10;
  private static final int NONE = -1;

  private final Map<Long, ShimLog> logs = new HashMap<>();
  private long nextKey;
  private int epoll = NONE;

  /** Has {@code shimLog} read whenever there is something in its FIFO. */
  synchronized void add(int fifo, ShimLog shimLog) throws IOException {
    boolean idle = epoll == NONE;
    int instance = idle ? Libc.epollCreate() : epoll;
    long key = nextKey++;
    try {
      Libc.epollAdd(instance, fifo, key);
    } catch (IOException e) {
      if (idle) {
        Libc.close(instance);
      }
      throw e;
    }
    logs.put(key, shimLog);
    if (idle) {
      epoll = instance;
      Thread.ofPlatform()
          .daemon()
          .name("shim-logs")
          .stackSize(STACK_BYTES)
          .start(() -> read(instance));
    }
  }

  private void read(int instance) {
    try {
      do {
        for (long key : Libc.epollWait(instance, MAX_EVENTS)) {
          ShimLog shimLog = find(key);
          if (shimLog != null && !shimLog.read()) {
            remove(key);
          }
        }
      } while (!end(instance));
    } catch (IOException e) {
      log.error("the logs of shims are read no more: {}", e.getMessage());
    }
  }

  private synchronized @Nullable ShimLog find(long key) {
    return logs.get(key);
  }

  private synchronized void remove(long key) {
    logs.remove(key);
  }

  /** Ends the thread where there is nothing left to read. */
  private synchronized boolean end(int instance) {
    if (!logs.isEmpty()) {
      return false;
    }
    Libc.close(instance);
    epoll = NONE;
    return true;
  }
}
