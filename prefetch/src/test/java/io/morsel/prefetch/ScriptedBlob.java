package io.morsel.prefetch;

import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A blob in memory whose answers a test writes. */
final class ScriptedBlob implements RemoteBlob {
  /** A range that was asked for. */
  record Range(long offset, long length) {
    long end() {
      return offset + length;
    }
  }

  /** Answers one request. */
  @FunctionalInterface
  interface Script {
    InputStream answer(int number, Range range, byte[] bytes) throws IOException;
  }

  final List<Range> ranges = new CopyOnWriteArrayList<>();
  private final byte[] content;
  private volatile Script script;

  ScriptedBlob(byte[] content) {
    this(content, (number, range, bytes) -> new ByteArrayInputStream(bytes));
  }

  ScriptedBlob(byte[] content, Script script) {
    this.content = content;
    this.script = script;
  }

  void script(Script replacement) {
    this.script = replacement;
  }

  @Override
  public Digest digest() {
    return new Digest("sha256", "5a".repeat(32));
  }

  @Override
  public long sizeBytes() {
    return content.length;
  }

  @Override
  public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
    if (offsetBytes < 0 || lengthBytes <= 0 || offsetBytes + lengthBytes > content.length) {
      throw new IndexOutOfBoundsException(offsetBytes + "+" + lengthBytes);
    }
    Range range = new Range(offsetBytes, lengthBytes);
    int number;
    synchronized (ranges) {
      number = ranges.size();
      ranges.add(range);
    }
    byte[] bytes = new byte[(int) lengthBytes];
    System.arraycopy(content, (int) offsetBytes, bytes, 0, bytes.length);
    return script.answer(number, range, bytes);
  }

  /** A stream that pauses before some byte until a latch opens. */
  static InputStream pausing(byte[] bytes, int pauseAt, CountDownLatch reached, CountDownLatch go) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] target, int offset, int length) {
        if (pos >= pauseAt) {
          reached.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new java.io.UncheckedIOException(new InterruptedIOException("paused"));
          }
        }
        int most = pos < pauseAt ? Math.min(length, pauseAt - pos) : length;
        return super.read(target, offset, most);
      }
    };
  }
}
