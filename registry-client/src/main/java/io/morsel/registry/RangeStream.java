package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.HttpUrl;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of a blob as they arrive; a broken connection is continued from where it broke. Where the
 * host can, one request brings several.
 *
 * <p>Also a channel, so that bytes can be read into direct memory without a detour over the heap.
 * Read by one thread; {@link #close} may come from another and stops a read that is under way.
 */
final class RangeStream extends InputStream implements ReadableByteChannel {
  /** As much progress as pays for another full set of retries. */
  private static final long PROGRESS_BYTES = 256 << 10;

  private final Http http;
  private final HttpBlob blob;
  private final HostTurns turns;
  private final List<ByteRange> ranges;
  private final Cancellation cancel = new Cancellation();
  private final ReentrantLock lock = new ReentrantLock();
  private final Retries retries;
  private final byte[] single = new byte[1];

  private @Nullable Response response;
  private @Nullable BufferedSource source;

  /** The present response's parts; null where it has one range. */
  private @Nullable MultipartRanges parts;

  /** Whether the next part has to begin before there is more of the present range. */
  private boolean atPartsEnd;

  /** Which of the ranges is being delivered. */
  private int current;

  /** Where that one ends, in the blob. */
  private long end;

  /** The next byte to deliver, in the blob. */
  private long position;

  /** Up to where the present response goes, in the blob. */
  private long responseEnd;

  /** Where the retries were last started anew. */
  private long progressMark;

  private String host = "";

  /** These ranges, in ascending order, of whichever host's turn it is. */
  RangeStream(Http http, HttpBlob blob, HostTurns turns, List<ByteRange> ranges) {
    this.http = http;
    this.blob = blob;
    this.turns = turns;
    this.ranges = List.copyOf(ranges);
    this.position = ranges.getFirst().offset();
    this.progressMark = position;
    this.end = ranges.getFirst().end();
    this.retries = new Retries(http.settings(), http.listener());
  }

  /** Makes the first request, so that a range which is not served fails at once. */
  void connect() throws IOException {
    lock.lock();
    try {
      ensureSource();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    int count = read(single, 0, 1);
    return count < 0 ? -1 : single[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    lock.lock();
    try {
      while (position < end) {
        BufferedSource in = ensureSource();
        try {
          int wanted = (int) Math.min(length, responseEnd - position);
          if (advance(in.read(target, offset, wanted)) > 0) {
            return lastCount;
          }
        } catch (IOException e) {
          recover(e);
        }
      }
      return -1;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      return 0;
    }
    lock.lock();
    try {
      while (position < end) {
        BufferedSource in = ensureSource();
        int limit = target.limit();
        try {
          int wanted = (int) Math.min(target.remaining(), responseEnd - position);
          target.limit(target.position() + wanted);
          if (advance(in.read(target)) > 0) {
            return lastCount;
          }
        } catch (IOException e) {
          recover(e);
        } finally {
          target.limit(limit);
        }
      }
      return -1;
    } finally {
      lock.unlock();
    }
  }

  private int lastCount;

  private int advance(int count) throws IOException {
    if (count < 0) {
      throw new EOFException("the connection ended before the range did");
    }
    lastCount = count;
    position += count;
    http.listener().received(host, count);
    if (position == end && current + 1 < ranges.size()) {
      beginNextRange();
    } else if (position == end || position == responseEnd) {
      disconnect();
    }
    return count;
  }

  private void beginNextRange() {
    ByteRange next = ranges.get(++current);
    progressMark += next.offset() - position;
    position = next.offset();
    end = next.end();
    if (parts == null) {
      disconnect();
    } else {
      atPartsEnd = true;
    }
  }

  /** The present response's bytes, after as many requests as the retries allow. */
  private BufferedSource ensureSource() throws IOException {
    while (true) {
      if (cancel.isCanceled()) {
        throw new IOException("the stream is closed");
      }
      try {
        if (source == null) {
          source = request(turns.current());
        } else if (atPartsEnd) {
          atPartsEnd = false;
          source = nextPart(turns.current());
        }
        if (source != null) {
          return source;
        }
      } catch (IOException e) {
        recover(e);
      }
    }
  }

  /** Asks the host; null where it has to be asked otherwise. */
  private @Nullable BufferedSource request(Access access) throws IOException {
    boolean several = current + 1 < ranges.size() && blob.servesRanges(access);
    Response fresh = blob.request(access, range(several), cancel);
    response = fresh;
    host = Failures.hostOf(fresh.request().url());
    if (!several) {
      return accept(fresh);
    }
    parts = MultipartRanges.of(fresh);
    return switch (fresh.code()) {
      case 206 -> nextPart(access);
      // What servers say that know of one range only, or don't want to hear of several.
      case 200, 400, 416, 501 -> oneRangeOnly(access);
      default -> accept(fresh);
    };
  }

  /** The bytes of the next part; null where the host has to be asked otherwise. */
  private @Nullable BufferedSource nextPart(Access access) throws IOException {
    ContentRange part = parts == null ? null : parts.next();
    // Ranges may come in another order, or as one: there is no need for a server that does.
    if (parts == null
        || part == null
        || part.first() != position
        || part.last() != end - 1
        || (part.total() >= 0 && part.total() != blob.sizeBytes())) {
      return oneRangeOnly(access);
    }
    responseEnd = end;
    return parts.source();
  }

  private @Nullable BufferedSource oneRangeOnly(Access access) {
    blob.servesOneRangeOnly(access);
    disconnect();
    return null;
  }

  private String range(boolean several) {
    boolean whole = position == 0 && end == blob.sizeBytes();
    StringBuilder header = new StringBuilder("bytes=").append(position).append('-').append(end - 1);
    if (several) {
      for (ByteRange next : ranges.subList(current + 1, ranges.size())) {
        header.append(',').append(next.offset()).append('-').append(next.end() - 1);
      }
    }
    return whole ? "" : header.toString();
  }

  private BufferedSource accept(Response fresh) throws IOException {
    switch (fresh.code()) {
      case 206 -> responseEnd = checkPart(fresh);
      case 200 -> {
        checkWhole(fresh);
        fresh.body().source().skip(position);
        responseEnd = end;
      }
      default -> {
        RegistryException failure = Failures.ofStatus(fresh, blob.what());
        if (Failures.isPassing(fresh.code())) {
          throw new PassingFailure(failure, Retries.retryAfter(fresh));
        }
        throw failure;
      }
    }
    return fresh.body().source();
  }

  /** Checks that a part is the one asked for; returns where it ends. */
  private long checkPart(Response fresh) throws RegistryException {
    String header = fresh.header("Content-Range");
    ContentRange part = header == null ? null : ContentRange.parse(header);
    if (part == null) {
      throw invalid("a part without a usable Content-Range");
    }
    if (part.first() != position || part.last() >= end) {
      throw invalid("another range than was asked for");
    }
    if (part.total() >= 0 && part.total() != blob.sizeBytes()) {
      throw invalid(
          "a blob of " + part.total() + " bytes, while its descriptor says " + blob.sizeBytes());
    }
    long length = fresh.body().contentLength();
    if (length >= 0 && length != part.last() - part.first() + 1) {
      throw invalid("a part whose length is not that of its range");
    }
    return part.last() + 1;
  }

  private void checkWhole(Response fresh) throws RegistryException {
    long length = fresh.body().contentLength();
    if (length >= 0 && length != blob.sizeBytes()) {
      throw invalid(
          "a blob of " + length + " bytes, while its descriptor says " + blob.sizeBytes());
    }
    if (position > http.settings().limits().maxSkippedBytes()) {
      throw invalid("the whole blob instead of the asked range, too far from its beginning");
    }
  }

  private RegistryException invalid(String what) {
    return new RegistryException(
        Kind.INVALID_RESPONSE, blob.what() + ": " + host + " answered with " + what);
  }

  /** Prepares for another request, perhaps of another host, or throws what is to be reported. */
  private void recover(IOException e) throws IOException {
    disconnect();
    if (position - progressMark >= PROGRESS_BYTES) {
      progressMark = position;
      retries.restart();
    }
    HttpUrl url = blob.url(turns.current());
    String asked = host.isEmpty() ? Failures.hostOf(url) : host;
    HostTurns.Failure round = http.failed(turns, e, url, blob.what(), cancel);
    if (round != null) {
      Http.waitOrThrow(round, retries, asked, cancel);
    }
  }

  private void disconnect() {
    Response old = response;
    response = null;
    source = null;
    parts = null;
    atPartsEnd = false;
    if (old != null) {
      old.close();
    }
  }

  @Override
  public boolean isOpen() {
    return !cancel.isCanceled();
  }

  /** Stops the transfer, also under a read of another thread, which then fails. */
  @Override
  public void close() {
    // First, so that a reader leaves its read, and closing does not wait for what is on the wire.
    cancel.cancel();
    lock.lock();
    try {
      disconnect();
    } finally {
      lock.unlock();
    }
  }
}
