package io.morsel.bench.host;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** What a process prints, and the moment of its first byte. Safe for use by many threads. */
public final class Output {
  private static final int MAX_BYTES = 1 << 20;

  private final CompletableFuture<Long> firstByteNanos = new CompletableFuture<>();
  private final CompletableFuture<String> text = new CompletableFuture<>();

  private Output() {}

  /**
   * Begins to read on a thread of its own.
   *
   * @param stream what the process prints; closed at its end
   * @param atFirstByte called once, right when the first byte is there
   */
  public static Output read(InputStream stream, Runnable atFirstByte) {
    Output output = new Output();
    // Not a virtual thread: one that waits for a pipe keeps its carrier.
    Thread.ofPlatform().daemon().name("output").start(() -> output.drain(stream, atFirstByte));
    return output;
  }

  private void drain(InputStream stream, Runnable atFirstByte) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    try (stream) {
      byte[] buffer = new byte[8 << 10];
      int n;
      while ((n = stream.read(buffer)) > 0) {
        if (!firstByteNanos.isDone()) {
          long now = System.nanoTime();
          atFirstByte.run();
          firstByteNanos.complete(now);
        }
        kept.write(buffer, 0, Math.min(n, MAX_BYTES - kept.size()));
      }
    } catch (IOException e) {
      // The process was ended while it printed: what came until then is its output.
    } finally {
      firstByteNanos.completeExceptionally(new HostException("nothing was printed"));
      text.complete(kept.toString(StandardCharsets.UTF_8));
    }
  }

  /** When the first byte came, as {@link System#nanoTime}; fails if the output ends without one. */
  public CompletableFuture<Long> firstByteNanos() {
    return firstByteNanos;
  }

  /** Everything, once the output has ended; cut after 1 MiB. */
  public CompletableFuture<String> text() {
    return text;
  }
}
