package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The side of a layer that waits for chunks: {@code ensure} and {@code read}. */
final class LayerReader {
  /** Chunks that one {@code ensure} has in the queues at a time. */
  private static final int WINDOW = 1_024;

  private static final long FIRST_RETRY_MILLIS = 100;
  private static final long LAST_RETRY_MILLIS = 2_000;

  private final LayerData layer;
  private final ChunkTable table;
  private final FetchScheduler scheduler;

  LayerReader(LayerData layer) {
    this.layer = layer;
    this.table = layer.table();
    this.scheduler = layer.scheduler;
  }

  /** How long somebody is willing to wait, and how he spaces his attempts. */
  private final class Patience {
    private final FetchPriority priority;
    private final long timeoutMillis = scheduler.settings.readTimeoutMillis();
    private final long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    private long retryMillis = FIRST_RETRY_MILLIS;
    private @Nullable IOException last;

    Patience(FetchPriority priority) {
      this.priority = priority;
    }

    void await(CountDownLatch latch, int chunk) throws IOException {
      try {
        if (priority != FetchPriority.DEMAND) {
          latch.await();
        } else if (!latch.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          throw timeout(chunk);
        }
      } catch (InterruptedException e) {
        throw interrupted(chunk);
      }
    }

    /** Waits before another attempt, or fails where there is no point in one. */
    void retry(int chunk, IOException cause) throws IOException {
      last = cause;
      if (priority != FetchPriority.DEMAND) {
        throw failure(chunk, cause);
      }
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw timeout(chunk);
      }
      try {
        if (layer.closing.await(Math.min(left, retryMillis), TimeUnit.MILLISECONDS)) {
          throw layer.closedException();
        }
      } catch (InterruptedException e) {
        throw interrupted(chunk);
      }
      retryMillis = Math.min(LAST_RETRY_MILLIS, 2 * retryMillis);
    }

    /** Something came: a later failure is a new one. */
    void progress() {
      retryMillis = FIRST_RETRY_MILLIS;
    }

    private IOException timeout(int chunk) {
      String reason = last == null ? "" : "; the last failure: " + last.getMessage();
      return new IOException(
          layer.describe(chunk) + ": not fetched within " + timeoutMillis + " ms" + reason, last);
    }

    private InterruptedIOException interrupted(int chunk) {
      return new InterruptedIOException(layer.describe(chunk) + ": interrupted while waiting");
    }
  }

  private IOException failure(int chunk, @Nullable IOException cause) {
    return new IOException(
        layer.describe(chunk) + ": " + (cause == null ? "failed" : cause.getMessage()), cause);
  }

  /** Whether all chunks of a range are present. */
  boolean isPresent(long offset, long lengthBytes) {
    if (!layer.users.enter()) {
      return false;
    }
    try {
      int first = table.firstEndingAfter(offset);
      return layer.present.allSet(first, end(first, offset + lengthBytes));
    } finally {
      layer.users.exit();
    }
  }

  /** The chunk after the last one that starts before {@code endOffset}. */
  private int end(int first, long endOffset) {
    if (first == table.count() || table.dataOffset(first) >= endOffset) {
      return first;
    }
    if (table.dataOffset(first) + table.dataLength(first) >= endOffset) {
      return first + 1;
    }
    int last = table.firstEndingAfter(endOffset - 1);
    return last < table.count() && table.dataOffset(last) < endOffset ? last + 1 : last;
  }

  void ensure(long offset, long lengthBytes, FetchPriority priority) throws IOException {
    if (offset < 0 || lengthBytes < 0) {
      throw new IndexOutOfBoundsException(offset + ", " + lengthBytes);
    }
    if (!layer.users.enter()) {
      throw layer.closedException();
    }
    try {
      long endOffset = Math.min(layer.spec.dataBytes(), Math.addExact(offset, lengthBytes));
      if (offset < endOffset) {
        int first = table.firstEndingAfter(offset);
        ensure(first, end(first, endOffset), priority);
      }
    } finally {
      layer.users.exit();
    }
  }

  private void ensure(int first, int end, FetchPriority priority) throws IOException {
    int next = layer.present.nextAbsent(first, end);
    if (next == end) {
      return;
    }
    Patience patience = new Patience(priority);
    ArrayDeque<Flight> window = new ArrayDeque<>();
    try {
      while (next < end || !window.isEmpty()) {
        if (window.size() < WINDOW / 2) {
          next = joinMany(window, next, end, priority);
        }
        Flight flight = window.peek();
        if (flight == null) {
          continue;
        }
        patience.await(flight.ended, flight.chunk);
        window.remove();
        Flight.Failure failure = flight.failure;
        IOException cause = flight.cause;
        leave(flight);
        if (failure == Flight.Failure.TRANSIENT && cause != null) {
          patience.retry(flight.chunk, cause);
          rejoin(flight.chunk, window, priority);
        } else if (failure != null) {
          throw unstoredOrFailed(flight.chunk, failure, cause);
        } else {
          patience.progress();
        }
      }
    } finally {
      window.forEach(this::leave);
    }
  }

  private IOException unstoredOrFailed(
      int chunk, Flight.Failure failure, @Nullable IOException cause) {
    if (failure == Flight.Failure.UNSTORED
        && cause instanceof PosixFile.PosixException posix
        && posix.isNoSpace()) {
      return new IOException(
          layer.describe(chunk) + ": no space left on cache device for " + layer.spec.directory(),
          cause);
    }
    return failure(chunk, cause);
  }

  private int joinMany(ArrayDeque<Flight> window, int from, int end, FetchPriority priority)
      throws IOException {
    int next = from;
    scheduler.lock.lock();
    try {
      while (window.size() < WINDOW) {
        next = layer.present.nextAbsent(next, end);
        if (next == end) {
          break;
        }
        Flight flight = joinLocked(next, priority);
        if (flight != null) {
          window.add(flight);
        }
        next++;
      }
      wake(priority);
    } finally {
      scheduler.lock.unlock();
    }
    return next;
  }

  /** Wishes again for a chunk, and at once for all others of the window that failed with it. */
  private void rejoin(int chunk, ArrayDeque<Flight> window, FetchPriority priority)
      throws IOException {
    scheduler.lock.lock();
    try {
      Flight again = joinLocked(chunk, priority);
      if (again != null) {
        window.addFirst(again);
      }
      for (int i = window.size(); i > 0; i--) {
        Flight flight = window.remove();
        if (flight.failure == Flight.Failure.TRANSIENT) {
          layer.flights().leave(flight);
          flight = joinLocked(flight.chunk, priority);
        }
        if (flight != null) {
          window.add(flight);
        }
      }
      wake(priority);
    } finally {
      scheduler.lock.unlock();
    }
  }

  private @Nullable Flight join(int chunk, FetchPriority priority) throws IOException {
    scheduler.lock.lock();
    try {
      Flight flight = joinLocked(chunk, priority);
      wake(priority);
      return flight;
    } finally {
      scheduler.lock.unlock();
    }
  }

  private @Nullable Flight joinLocked(int chunk, FetchPriority priority) throws IOException {
    if (layer.closing.getCount() == 0) {
      throw layer.closedException();
    }
    try {
      return layer.flights().join(chunk, priority, scheduler.now());
    } catch (IOException e) {
      throw failure(chunk, e);
    }
  }

  private void wake(FetchPriority priority) {
    if (layer.flights().hasQueued(priority)) {
      scheduler.wake(layer, priority);
    }
  }

  private void leave(Flight flight) {
    scheduler.lock.lock();
    try {
      layer.flights().leave(flight);
    } finally {
      scheduler.lock.unlock();
    }
  }

  void read(long offset, ByteBuffer target) throws IOException {
    if (!layer.users.enter()) {
      throw layer.closedException();
    }
    int limit = target.limit();
    try {
      long start = System.nanoTime();
      long room = Math.min(target.remaining(), layer.spec.dataBytes() - offset);
      if (offset < 0 || room <= 0) {
        return;
      }
      int lengthBytes = (int) room;
      target.limit(target.position() + lengthBytes);
      int first = table.firstEndingAfter(offset);
      int end = end(first, offset + lengthBytes);
      boolean hit = layer.present.allSet(first, end);
      layer.urgency.read(lengthBytes);
      layer.touched(first, end);
      if (hit) {
        readPresent(offset, target);
      } else {
        readAbsent(offset, target, first, end);
      }
      scheduler.observer.read(lengthBytes, hit, System.nanoTime() - start);
    } finally {
      target.limit(limit);
      layer.users.exit();
    }
  }

  private void readPresent(long offset, ByteBuffer target) throws IOException {
    layer.file.read(target, offset);
    if (target.hasRemaining()) {
      throw new IOException(
          "layer "
              + layer.name()
              + ": its data file in "
              + layer.spec.directory()
              + " is shorter than it was; was it touched by somebody else?");
    }
  }

  private void readAbsent(long offset, ByteBuffer target, int first, int end) throws IOException {
    layer.missed(first, end);
    Patience patience = new Patience(FetchPriority.DEMAND);
    @Nullable Flight[] flights = new Flight[end - first];
    try {
      joinAll(flights, first);
      int start = target.position();
      for (int chunk = first; chunk < end; chunk++) {
        long position = offset + target.position() - start;
        long chunkOffset = table.dataOffset(chunk);
        if (position < chunkOffset) {
          readPadding(chunkOffset - position, target);
          position = chunkOffset;
        }
        readChunk(chunk, (int) (position - chunkOffset), target, flights, chunk - first, patience);
      }
      readPadding(target.remaining(), target);
    } finally {
      leaveAll(flights);
    }
  }

  /** Between files there is nothing but zeros. */
  private static void readPadding(long lengthBytes, ByteBuffer target) {
    for (long i = Math.min(lengthBytes, target.remaining()); i > 0; i--) {
      target.put((byte) 0);
    }
  }

  private void readChunk(
      int chunk,
      int from,
      ByteBuffer target,
      @Nullable Flight[] flights,
      int index,
      Patience patience)
      throws IOException {
    while (true) {
      Flight flight = flights[index];
      if (flight == null) {
        if (layer.present.get(chunk)) {
          readPresent(chunk, from, target);
          return;
        }
        Content hot = scheduler.hot.get(layer, chunk);
        if (hot != null) {
          hot.copyTo(from, target);
          hot.release();
          return;
        }
        flights[index] = join(chunk, FetchPriority.DEMAND);
        continue;
      }
      patience.await(flight.verified, chunk);
      Content content = flight.content;
      if (content != null) {
        content.copyTo(from, target);
        patience.progress();
        return;
      }
      Flight.Failure failure = flight.failure;
      IOException cause = flight.cause;
      flights[index] = null;
      leave(flight);
      if (failure != Flight.Failure.TRANSIENT || cause == null) {
        throw failure(chunk, cause);
      }
      patience.retry(chunk, cause);
      rejoin(flights, chunk - index, index);
    }
  }

  /** Wishes again for a chunk of a read, and at once for all others that failed with it. */
  private void rejoin(@Nullable Flight[] flights, int first, int index) {
    scheduler.lock.lock();
    try {
      for (int i = index; i < flights.length; i++) {
        Flight flight = flights[i];
        if (i != index && (flight == null || flight.failure != Flight.Failure.TRANSIENT)) {
          continue;
        }
        flights[i] = null;
        if (flight != null) {
          layer.flights().leave(flight);
        }
        try {
          flights[i] = joinLocked(first + i, FetchPriority.DEMAND);
        } catch (IOException e) {
          // It comes again when the read gets to that chunk, if it does.
        }
      }
      wake(FetchPriority.DEMAND);
    } finally {
      scheduler.lock.unlock();
    }
  }

  private void readPresent(int chunk, int from, ByteBuffer target) throws IOException {
    int limit = target.limit();
    int lengthBytes = Math.min(target.remaining(), table.dataLength(chunk) - from);
    target.limit(target.position() + lengthBytes);
    try {
      readPresent(table.dataOffset(chunk) + from, target);
    } finally {
      target.limit(limit);
    }
  }

  private void joinAll(@Nullable Flight[] flights, int first) throws IOException {
    scheduler.lock.lock();
    try {
      for (int i = 0; i < flights.length; i++) {
        Content hot = layer.present.get(first + i) ? null : scheduler.hot.get(layer, first + i);
        if (hot == null) {
          flights[i] = joinLocked(first + i, FetchPriority.DEMAND);
        } else {
          hot.release();
        }
      }
      wake(FetchPriority.DEMAND);
    } finally {
      scheduler.lock.unlock();
    }
  }

  private void leaveAll(@Nullable Flight[] flights) {
    scheduler.lock.lock();
    try {
      Arrays.stream(flights).filter(f -> f != null).forEach(f -> layer.flights().leave(f));
    } finally {
      scheduler.lock.unlock();
    }
  }
}
