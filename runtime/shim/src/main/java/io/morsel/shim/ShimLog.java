package io.morsel.shim;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what a shim logs from the FIFO {@code log} of its bundle.
 *
 * <p>The FIFO is opened before the shim starts, since a shim fails without a reader, and for
 * writing too, so that no reading ends before {@link #close}. It is read on a platform thread:
 * reads of FIFOs block the thread that carries a virtual one.
 */
final class ShimLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ShimLog.class);
  private static final int MAX_LINE_BYTES = 16 << 10;
  private static final int STACK_BYTES = 128 << 10;

  private final FileChannel keeper;
  private final FileChannel fifo;
  private final Bundle bundle;
  private final BiConsumer<Bundle, String> sink;

  private ShimLog(
      Bundle bundle, FileChannel keeper, FileChannel fifo, BiConsumer<Bundle, String> sink) {
    this.bundle = bundle;
    this.keeper = keeper;
    this.fifo = fifo;
    this.sink = sink;
  }

  /** Makes the FIFO where it is missing, opens it, and hands every line to {@code sink}. */
  static ShimLog open(Bundle bundle, BiConsumer<Bundle, String> sink) throws ShimException {
    try {
      if (!Files.exists(bundle.log())) {
        Libc.mkfifo(bundle.log());
      }
      // Opened for both directions, a FIFO opens at once; after that, so it does for one.
      FileChannel keeper =
          FileChannel.open(bundle.log(), StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileChannel fifo;
      try {
        fifo = FileChannel.open(bundle.log(), StandardOpenOption.READ);
      } catch (IOException e) {
        keeper.close();
        throw e;
      }
      ShimLog result = new ShimLog(bundle, keeper, fifo, sink);
      Thread.ofPlatform()
          .daemon()
          .name("shim-log-" + bundle.id())
          .stackSize(STACK_BYTES)
          .start(result::copy);
      return result;
    } catch (IOException e) {
      throw new ShimException("can't open shim log " + bundle.log() + ": " + e.getMessage(), e);
    }
  }

  private void copy() {
    byte[] line = new byte[MAX_LINE_BYTES];
    int length = 0;
    byte[] chunk = new byte[4096];
    try (InputStream stream = Channels.newInputStream(fifo)) {
      int n = stream.read(chunk);
      while (n >= 0) {
        for (int i = 0; i < n; i++) {
          if (chunk[i] == '\n' || length == line.length) {
            accept(line, length);
            length = 0;
          }
          if (chunk[i] != '\n') {
            line[length++] = chunk[i];
          }
        }
        n = stream.read(chunk);
      }
      accept(line, length);
    } catch (IOException e) {
      log.warn("the log of container {}'s shim can't be read: {}", bundle.id(), e.toString());
    }
  }

  private void accept(byte[] line, int length) {
    if (length > 0) {
      sink.accept(bundle, new String(line, 0, length, StandardCharsets.UTF_8));
    }
  }

  /** Lets reading end once no shim has the FIFO open; what it wrote before is still handed on. */
  @Override
  public void close() {
    try {
      keeper.close();
    } catch (IOException e) {
      log.debug("closing {} failed: {}", bundle.log(), e.toString());
    }
  }
}
