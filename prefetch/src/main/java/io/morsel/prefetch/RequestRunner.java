package io.morsel.prefetch;

import io.morsel.registry.RegistryException;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs requests, each on a virtual thread: reads the range and hands every unit to the decoders as
 * soon as its bytes are there, so that nobody waits for the end of the range.
 */
final class RequestRunner {
  private static final Logger log = LoggerFactory.getLogger(RequestRunner.class);
  private static final int SCRATCH_BYTES = 64 << 10;
  private static final int MAX_SCRATCHES = 16;

  /**
   * What a request that nobody waits for lets come together, once it has to wait: on a slow network
   * bytes come a packet at a time, and to be woken for each takes processors from the start that
   * they are fetched for.
   */
  private static final long TOGETHER_BYTES = 32 << 10;

  private static final long LEAST_PAUSE_NANOS = 200_000;
  private static final long MOST_PAUSE_NANOS = 4_000_000;

  private final FetchScheduler scheduler;
  private final ConcurrentLinkedQueue<byte[]> scratches = new ConcurrentLinkedQueue<>();

  RequestRunner(FetchScheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Returns when the request has ended; every flight that it did not bring has failed then. */
  void run(FetchRequest request) {
    long start = System.nanoTime();
    boolean failed = true;
    byte[] polled = scratches.poll();
    byte[] scratch = polled == null ? new byte[SCRATCH_BYTES] : polled;
    try (InputStream in = open(request)) {
      long opened = System.nanoTime();
      if (request.priority == FetchPriority.DEMAND) {
        request.layer.urgency.waited(opened - start);
      }
      transfer(request, in, scratch);
      failed = false;
      scheduler.link.add(opened - start, request.transferredBytes(), System.nanoTime() - opened);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(request, Flight.Failure.TRANSIENT, new InterruptedIOException("cancelled"));
    } catch (IndexOutOfBoundsException e) {
      fail(
          request,
          Flight.Failure.LASTING,
          new LayerFormatException(
              LayerFormatException.Kind.MALFORMED,
              "the index points outside of the blob: " + e.getMessage(),
              e));
    } catch (UncheckedIOException e) {
      IOException cause = Objects.requireNonNull(e.getCause());
      fail(request, failure(cause), cause);
    } catch (IOException e) {
      fail(request, failure(e), e);
    } catch (RuntimeException | Error e) {
      log.error("{}: a request failed unexpectedly", request.layer.name(), e);
      fail(request, Flight.Failure.LASTING, new IOException("unexpected failure: " + e, e));
    } finally {
      if (scratches.size() < MAX_SCRATCHES) {
        scratches.add(scratch);
      }
      scheduler.observer.request(
          request.priority, request.transferredBytes(), System.nanoTime() - start, failed);
    }
  }

  private static InputStream open(FetchRequest request) throws IOException {
    RemoteBlob blob = request.layer.blob();
    if (request.ranges.size() == 1) {
      return blob.open(request.blobOffset, request.lengthBytes);
    }
    InputStream in = blob.open(request.ranges);
    request.layer.servesRanges(blob.servesRanges());
    return in;
  }

  private void transfer(FetchRequest request, InputStream in, byte[] scratch)
      throws IOException, InterruptedException {
    List<FetchRequest.Unit> units = request.units;
    for (int i = nextAwaited(request, 0); i < units.size(); i = nextAwaited(request, i + 1)) {
      FetchRequest.Unit unit = units.get(i);
      in.skipNBytes(request.bytesBetween(request.position, unit.blobOffset()));
      request.position = unit.blobOffset();
      DecodePool.Room room = scheduler.decoders.reserve(request.priority, unit.lengthBytes());
      ByteBuffer compressed = null;
      boolean handedOver = false;
      try {
        compressed = scheduler.buffers.take(unit.lengthBytes());
        readFully(request, in, compressed, scratch);
        handedOver = handOver(request.layer, unit, compressed.flip(), room);
      } finally {
        if (!handedOver) {
          if (compressed != null) {
            scheduler.buffers.give(compressed);
          }
          room.release();
        }
      }
    }
  }

  /** The next unit that somebody still waits for: others may have brought the rest. */
  private int nextAwaited(FetchRequest request, int from) {
    scheduler.lock.lock();
    try {
      for (int i = from; i < request.units.size(); i++) {
        for (int chunk : request.units.get(i).chunks()) {
          if (request.layer.flights().isAwaited(chunk)) {
            return i;
          }
        }
      }
      return request.units.size();
    } finally {
      scheduler.lock.unlock();
    }
  }

  private void readFully(FetchRequest request, InputStream in, ByteBuffer target, byte[] scratch)
      throws IOException {
    while (target.hasRemaining()) {
      long start = System.nanoTime();
      int n;
      if (in instanceof ReadableByteChannel channel) {
        n = channel.read(target);
      } else {
        n = in.read(scratch, 0, Math.min(scratch.length, target.remaining()));
        if (n > 0) {
          target.put(scratch, 0, n);
        }
      }
      if (n < 0) {
        throw new EOFException(
            "the registry's answer ended "
                + request.bytesBetween(request.position, Long.MAX_VALUE)
                + " bytes early");
      }
      long before = request.position;
      request.position = before + n;
      if (request.priority != FetchPriority.DEMAND
          && System.nanoTime() - start > LEAST_PAUSE_NANOS) {
        pause();
      }
    }
  }

  /** Lets more bytes come before the next ones are read. */
  private void pause() {
    long nanos = Math.min(MOST_PAUSE_NANOS, scheduler.link.nanosFor(TOGETHER_BYTES));
    if (nanos > LEAST_PAUSE_NANOS) {
      LockSupport.parkNanos(nanos);
    }
  }

  private boolean handOver(
      LayerData layer, FetchRequest.Unit unit, ByteBuffer compressed, DecodePool.Room room) {
    scheduler.lock.lock();
    try {
      List<Flight> flights = new ArrayList<>(unit.chunks().size());
      FetchPriority priority = FetchPriority.BACKGROUND;
      for (int chunk : unit.chunks()) {
        Flight flight = layer.flights().arrive(chunk);
        if (flight != null) {
          flights.add(flight);
          priority = flight.priority.compareTo(priority) < 0 ? flight.priority : priority;
        }
      }
      if (flights.isEmpty()) {
        return false;
      }
      DecodePool.Task task = new DecodePool.Task(layer, flights, compressed, room, priority);
      flights.forEach(flight -> flight.task = task);
      layer.arrivals.started();
      scheduler.decoders.submit(task);
      return true;
    } finally {
      scheduler.lock.unlock();
    }
  }

  private void fail(FetchRequest request, Flight.Failure failure, IOException cause) {
    scheduler.lock.lock();
    try {
      request.layer.requestFailed(request, failure, cause);
    } finally {
      scheduler.lock.unlock();
    }
  }

  private static Flight.Failure failure(IOException e) {
    if (!(e instanceof RegistryException registry)) {
      return Flight.Failure.TRANSIENT;
    }
    return switch (registry.kind()) {
      case NOT_FOUND, UNAUTHORIZED, DENIED, NO_SUCH_PLATFORM -> Flight.Failure.LASTING;
      case UNAVAILABLE, INVALID_RESPONSE -> Flight.Failure.TRANSIENT;
    };
  }
}
