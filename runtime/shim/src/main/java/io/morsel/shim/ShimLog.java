package io.morsel.shim;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a shim logs to the FIFO {@code log} of its bundle, a line at a time.
 *
 * <p>The FIFO is opened before the shim starts, since a shim fails without a reader, and for
 * writing too, so that it does not end before {@link #close}. It is read by {@link ShimLogs}.
 */
final class ShimLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ShimLog.class);
  private static final int MAX_LINE_BYTES = 16 << 10;
  private static final int CHUNK_BYTES = 4096;

  /** How many chunks are read at a time, so that a shim that floods its log holds up no other. */
  private static final int MAX_CHUNKS = 16;

  private final Bundle bundle;
  private final int fifo;
  private final BiConsumer<Bundle, String> sink;

  /** Used by the reading thread alone. */
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  private boolean closing;
  private boolean closed;

  private ShimLog(Bundle bundle, int fifo, BiConsumer<Bundle, String> sink) {
    this.bundle = bundle;
    this.fifo = fifo;
    this.sink = sink;
  }

  /** Makes the FIFO where it is missing, opens it, and hands every line to {@code sink}. */
  static ShimLog open(Bundle bundle, ShimLogs logs, BiConsumer<Bundle, String> sink)
      throws ShimException {
    try {
      if (!Files.exists(bundle.log())) {
        Libc.mkfifo(bundle.log());
      }
      int fifo = Libc.openFifo(bundle.log());
      ShimLog result = new ShimLog(bundle, fifo, sink);
      boolean added = false;
      try {
        logs.add(fifo, result);
        added = true;
        return result;
      } finally {
        if (!added) {
          Libc.close(fifo);
        }
      }
    } catch (IOException e) {
      throw new ShimException("can't open shim log " + bundle.log() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Hands on what is there; for the reading thread.
   *
   * @return whether there may be more to come; false once it is closed
   */
  boolean read() {
    boolean last = isClosing();
    try {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int i = 0; i < MAX_CHUNKS; i++) {
        int n = Libc.read(fifo, chunk);
        if (n > 0) {
          accept(chunk, n);
        } else if (last) {
          flush();
          release();
          return false;
        } else {
          // What woke this thread for the end may have been read already.
          last = isClosing();
          if (!last) {
            return true;
          }
        }
      }
      return true;
    } catch (IOException e) {
      log.warn("the log of container {}'s shim can't be read: {}", bundle.id(), e.getMessage());
      release();
      return false;
    }
  }

  private void accept(byte[] chunk, int length) {
    for (int i = 0; i < length; i++) {
      if (chunk[i] == '\n') {
        flush();
      } else {
        line.write(chunk[i]);
        if (line.size() == MAX_LINE_BYTES) {
          flush();
        }
      }
    }
  }

  private void flush() {
    if (line.size() > 0) {
      sink.accept(bundle, line.toString(StandardCharsets.UTF_8));
      line.reset();
    }
  }

  private synchronized boolean isClosing() {
    return closing;
  }

  private synchronized void release() {
    closed = true;
    Libc.close(fifo);
  }

  /** Lets reading end; what the shim wrote before is still handed on. */
  @Override
  public synchronized void close() {
    if (closing || closed) {
      return;
    }
    closing = true;
    try {
      // Wakes the reading thread; an empty line is none.
      Libc.write(fifo, (byte) '\n');
    } catch (IOException e) {
      log.debug("closing {} failed: {}", bundle.log(), e.getMessage());
    }
  }
}
