package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerFormatException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PrimitiveIterator;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of one layer, and which requests to send for it.
 *
 * <p>Single flight: at most one {@link Flight} a chunk. A request is planned when it can be sent,
 * not when a chunk is wished for, so that everything wished for in the meantime goes along.
 *
 * <p>Every method is called with the scheduler's lock held and does no I/O.
 */
final class LayerFlights {
  /** Unwanted bytes that a request reads over rather than ending before them. */
  static final long LEAST_GAP_BYTES = 64 << 10;

  /**
   * A request costs both ends some milliseconds of processor time, whatever it brings: for one that
   * nobody waits for, a gap that passes sooner than that is read over, too.
   */
  private static final long GAP_MILLIS = 5;

  private static final long MOST_GAP_BYTES = 4 << 20;

  /**
   * How far behind a running bulk request may be for a reader to wait for it, in the times of a
   * request: a request of its own would share the network with that one, and what it brings would
   * come twice. Farther chunks get one.
   */
  private static final int NEAR_REQUESTS = 3;

  private static final long LEAST_NEAR_BYTES = 256 << 10;
  private static final long MOST_NEAR_BYTES = 1 << 20;

  /**
   * How long a bulk request may keep the network while readers miss chunks: they share it with
   * those, and may find the chunk they want at its end.
   */
  private static final long BULK_MILLIS = 100;

  private static final long LEAST_BULK_BYTES = 1 << 20;

  /**
   * How far read-ahead grows for who goes on: with more, a reader who stops at the end of a file
   * has had too much of the next one fetched.
   */
  private static final long READ_AHEAD_GROWTH = 4;

  private static final int MAX_REQUEST_CHUNKS = 4_096;

  /** Servers bound the length of a header. */
  private static final int MAX_RANGES = 64;

  private static final int MAX_FAILURES = 1_024;

  /** How long a chunk that can't be had is refused without asking the registry again. */
  static final long REFUSE_NANOS = 1_000_000_000L;

  private record Refusal(IOException cause, long untilNanos) {}

  private final LayerData layer;
  private final ChunkTable table;
  private final PresentBitmap present;
  private final DecodePool decoders;
  private final int maxRequestBytes;
  private final LinkEstimate link;
  private final ReadAhead readAhead;
  private final long maxStreamBytes;
  private final Map<Integer, Flight> flights = new HashMap<>();
  private final EnumMap<FetchPriority, SequencedMap<Integer, Flight>> queued =
      new EnumMap<>(FetchPriority.class);
  private final EnumMap<FetchPriority, BulkRun> bulk = new EnumMap<>(FetchPriority.class);
  private final SequencedMap<Integer, Refusal> refusals = new LinkedHashMap<>();

  /** The replay that is under way, or that was the last. */
  private @Nullable ReplayRun replay;

  LayerFlights(
      LayerData layer,
      ChunkTable table,
      PresentBitmap present,
      DecodePool decoders,
      LinkEstimate link,
      FetchSettings settings) {
    this.layer = layer;
    this.table = table;
    this.present = present;
    this.decoders = decoders;
    this.link = link;
    this.maxRequestBytes = settings.maxRequestBytes();
    this.readAhead =
        new ReadAhead(
            settings.readAheadBytes(),
            (int) Math.min(maxRequestBytes, READ_AHEAD_GROWTH * settings.readAheadBytes()));
    this.maxStreamBytes = 3L * settings.limits().maxChunkBytes();
    for (FetchPriority priority : FetchPriority.values()) {
      queued.put(priority, new LinkedHashMap<>());
    }
  }

  /**
   * Wishes for a chunk, as one more waiter.
   *
   * @return null if the chunk is present
   * @throws IOException if the chunk could not be had a moment ago
   */
  @Nullable Flight join(int chunk, FetchPriority priority, long now) throws IOException {
    if (present.get(chunk)) {
      return null;
    }
    Flight flight = flights.get(chunk);
    if (flight == null) {
      Refusal refusal = refusals.get(chunk);
      if (refusal != null) {
        if (refusal.untilNanos() - now > 0) {
          throw refusal.cause();
        }
        refusals.remove(chunk);
      }
      if (!isSane(chunk)) {
        throw new LayerFormatException(
            LayerFormatException.Kind.TOO_LARGE,
            "the index claims " + table.blobLength(chunk) + " compressed bytes for it");
      }
      flight = new Flight(chunk, priority);
      flights.put(chunk, flight);
      queue(flight).put(chunk, flight);
    } else {
      raise(flight, priority);
    }
    flight.waiters++;
    return flight;
  }

  private void raise(Flight flight, FetchPriority priority) {
    FetchRequest request = flight.request;
    boolean queuedBefore = flight.state == Flight.State.QUEUED;
    boolean overtakes =
        flight.state == Flight.State.REQUESTED
            && priority == FetchPriority.DEMAND
            && request != null
            && flight.priority != FetchPriority.DEMAND
            && request.bytesBetween(request.position, table.blobOffset(flight.chunk)) > nearBytes();
    if (queuedBefore) {
      queue(flight).remove(flight.chunk);
    }
    if (priority.compareTo(flight.priority) < 0) {
      flight.priority = priority;
    }
    if (queuedBefore || overtakes) {
      requeue(flight);
    }
    if (flight.task != null) {
      decoders.raise(flight.task, priority);
    }
  }

  private long nearBytes() {
    return Math.clamp(NEAR_REQUESTS * link.worthwhileBytes(), LEAST_NEAR_BYTES, MOST_NEAR_BYTES);
  }

  private long gapBytes(@Nullable BulkRun run) {
    return run == null ? LEAST_GAP_BYTES : run.gapBytes(link);
  }

  /** What a request that nobody waits for reads over rather than ending before it. */
  static long bulkGapBytes(LinkEstimate link) {
    return Math.clamp(link.bytesIn(GAP_MILLIS, LEAST_GAP_BYTES), LEAST_GAP_BYTES, MOST_GAP_BYTES);
  }

  /** How long a request at this priority may be. */
  private long requestBytes(FetchPriority priority) {
    return priority == FetchPriority.DEMAND || !layer.scheduler.isDemandRecent()
        ? maxRequestBytes
        : Math.min(
            maxRequestBytes,
            Math.max(LEAST_BULK_BYTES, link.bytesIn(BULK_MILLIS, LEAST_BULK_BYTES)));
  }

  /** Puts a flight (back) into the queue of its priority. */
  void requeue(Flight flight) {
    flight.state = Flight.State.QUEUED;
    flight.request = null;
    flight.task = null;
    queue(flight).put(flight.chunk, flight);
  }

  /** One waiter less; a chunk that is queued and that nobody wants any more is forgotten. */
  void leave(Flight flight) {
    flight.waiters--;
    if (flight.waiters > 0) {
      return;
    }
    if (flight.state == Flight.State.QUEUED) {
      queue(flight).remove(flight.chunk);
      flights.remove(flight.chunk);
      flight.state = Flight.State.ENDED;
      rewind(flight.chunk);
    }
    releaseIfUnused(flight);
  }

  /**
   * Takes a chunk whose bytes have arrived, whichever request brought them.
   *
   * @return null if nobody needs them any more
   */
  @Nullable Flight arrive(int chunk) {
    Flight flight = flights.get(chunk);
    if (flight == null) {
      return null;
    }
    switch (flight.state) {
      case QUEUED -> queue(flight).remove(chunk);
      case REQUESTED -> {}
      case ARRIVED, ENDED -> {
        return null;
      }
    }
    flight.state = Flight.State.ARRIVED;
    flight.request = null;
    return flight;
  }

  /** Whether bytes of this chunk would be of use if they came now. */
  boolean isAwaited(int chunk) {
    Flight flight = flights.get(chunk);
    return flight != null
        && (flight.state == Flight.State.QUEUED || flight.state == Flight.State.REQUESTED);
  }

  /** The flight of a chunk that this request is to bring; null where it no longer is. */
  @Nullable Flight requestedBy(FetchRequest request, int chunk) {
    Flight flight = flights.get(chunk);
    return flight != null && flight.state == Flight.State.REQUESTED && flight.request == request
        ? flight
        : null;
  }

  /** Ends a flight, well or with a failure. */
  void end(Flight flight, Flight.@Nullable Failure failure, @Nullable IOException cause, long now) {
    if (flight.state == Flight.State.QUEUED) {
      queue(flight).remove(flight.chunk);
    }
    flights.remove(flight.chunk);
    flight.state = Flight.State.ENDED;
    flight.request = null;
    flight.task = null;
    flight.failure = failure;
    flight.cause = cause;
    if (failure == Flight.Failure.LASTING && cause != null) {
      refusals.put(flight.chunk, new Refusal(cause, now + REFUSE_NANOS));
      if (refusals.size() > MAX_FAILURES) {
        refusals.pollFirstEntry();
      }
    }
    releaseIfUnused(flight);
    flight.verified.countDown();
    flight.ended.countDown();
  }

  /** All flights that wait for bytes. */
  List<Flight> awaited() {
    return flights.values().stream().filter(f -> f.state != Flight.State.ARRIVED).toList();
  }

  /** Starts to walk the chunks whose streams start before {@code blobEnd}. */
  void startBulk(FetchPriority priority, long blobEnd) {
    bulk.put(priority, new BulkWalk(table, present, blobEnd));
  }

  /**
   * Replays what earlier starts used: in place of a walk up to the landmark, which knows less, and
   * after a replay that is under way.
   */
  void startReplay(List<ReplayRun.Step> steps) {
    ReplayRun run = replay;
    if (run == null || run.isDone()) {
      run = new ReplayRun();
      replay = run;
      bulk.put(FetchPriority.PREFETCH, run);
    }
    run.add(steps);
  }

  /** Whether anything has been replayed, or is being. */
  boolean hasReplay() {
    return replay != null;
  }

  /** How much of the image is used before what is prefetched next, in bytes. */
  long prefetchRank() {
    return replay == null ? 0 : replay.rank();
  }

  void stopBulk() {
    bulk.clear();
  }

  /** Whether a walk of this priority is under way. */
  boolean isBulkActive(FetchPriority priority) {
    BulkRun run = bulk.get(priority);
    return run != null && !run.isDone();
  }

  /** Has the walks look at a chunk again that they passed. */
  void rewind(int chunk) {
    bulk.values().forEach(run -> run.rewind(chunk));
  }

  boolean hasQueued(FetchPriority priority) {
    return !queued(priority).isEmpty();
  }

  /** The request for what was wished for first at this priority; null where nothing is queued. */
  @Nullable FetchRequest nextQueued(FetchPriority priority) {
    Map.Entry<Integer, Flight> oldest = queued(priority).firstEntry();
    return oldest == null ? null : plan(oldest.getKey(), priority, null);
  }

  /** The next request of the walk at this priority; null where it has come to its end. */
  @Nullable FetchRequest nextBulk(FetchPriority priority) {
    BulkRun run = bulk.get(priority);
    if (run == null || run.isDone()) {
      return null;
    }
    int chunk = run.next(candidate -> isWanted(candidate, run));
    if (chunk < 0) {
      return null;
    }
    return run instanceof ReplayRun replayed && layer.servesRanges()
        ? planStep(chunk, priority, replayed)
        : plan(chunk, priority, run);
  }

  /**
   * Takes what is left of a replay's step into one request, whatever lies between.
   *
   * @param start the first chunk of it that is wanted
   */
  private FetchRequest planStep(int start, FetchPriority priority, ReplayRun run) {
    long maxRequestBytes = requestBytes(priority);
    Deque<Integer> chunks = new ArrayDeque<>();
    long offset = -1;
    long end = 0;
    long bytes = 0;
    int ranges = 0;
    for (PrimitiveIterator.OfInt step = run.present().iterator(); step.hasNext(); ) {
      int chunk = step.nextInt();
      if (chunk < start || !isWanted(chunk, run)) {
        continue;
      }
      long from = table.blobOffset(chunk);
      long to = from + table.blobLength(chunk);
      if (from != offset) {
        // Other than in a layer that a converter wrote in one go.
        boolean isBehind = from >= end;
        boolean isApart = from - end > LEAST_GAP_BYTES || chunks.isEmpty();
        long more = isApart ? to - from : to - end;
        ranges += isApart ? 1 : 0;
        boolean isFull =
            bytes + more > maxRequestBytes
                || ranges > MAX_RANGES
                || chunks.size() >= MAX_REQUEST_CHUNKS;
        if (!chunks.isEmpty() && (!isBehind || isFull)) {
          break;
        }
        bytes += more;
      } else {
        bytes += Math.max(0, to - end);
      }
      chunks.addLast(chunk);
      offset = from;
      end = Math.max(end, to);
    }
    return request(priority, chunks, chunks.size(), run);
  }

  private boolean isWanted(int chunk, @Nullable BulkRun run) {
    Flight flight = flights.get(chunk);
    if (flight != null) {
      return flight.state == Flight.State.QUEUED;
    }
    return run != null
        && run.includes(chunk)
        && !present.get(chunk)
        && !isDamaged(chunk)
        && isSane(chunk);
  }

  /**
   * Grows a request from one chunk to its neighbours on both sides. Neighbours in the data are
   * neighbours in the blob in every layer that a converter wrote in one go; in others the growth
   * ends where the order does.
   */
  private FetchRequest plan(int start, FetchPriority priority, @Nullable BulkRun run) {
    long maxRequestBytes = requestBytes(priority);
    long gapBytes = gapBytes(run);
    long from = table.blobOffset(start);
    long to = from + table.blobLength(start);
    long lastOffset = from;
    // Where the leftmost stream of the request has to end.
    long bound = Long.MAX_VALUE;
    Deque<Integer> chunks = new ArrayDeque<>();
    chunks.add(start);
    for (int i = start - 1; i >= 0 && chunks.size() < MAX_REQUEST_CHUNKS; i--) {
      long offset = table.blobOffset(i);
      long end = offset + table.blobLength(i);
      if (offset == from) {
        if (isShared(i) && end <= bound && (end <= to || end - from <= maxRequestBytes)) {
          chunks.addFirst(i);
          to = Math.max(to, end);
        }
        continue;
      }
      if (end > from || to - offset > maxRequestBytes) {
        break;
      }
      if (from - end <= gapBytes && isWanted(i, run)) {
        chunks.addFirst(i);
        bound = from;
        from = offset;
      } else if (from - offset > gapBytes) {
        break;
      }
    }
    for (int i = start + 1; i < table.count() && chunks.size() < MAX_REQUEST_CHUNKS; i++) {
      long offset = table.blobOffset(i);
      long end = offset + table.blobLength(i);
      if (offset == lastOffset) {
        if (isShared(i) && (end <= to || end - from <= maxRequestBytes)) {
          chunks.addLast(i);
          to = Math.max(to, end);
        }
        continue;
      }
      if (offset < to || end - from > maxRequestBytes || offset - to > gapBytes) {
        break;
      }
      if (isWanted(i, run)) {
        chunks.addLast(i);
        to = end;
        lastOffset = offset;
      }
    }
    int wished = chunks.size();
    if (priority == FetchPriority.DEMAND && !isFilling()) {
      takeAlong(chunks, from, to);
    }
    return request(priority, chunks, wished, run);
  }

  /** Whether everything is on its way anyhow, and a miss should bring just what is missing. */
  private boolean isFilling() {
    return layer.urgency.isUrgent() && isBulkActive(FetchPriority.BACKGROUND);
  }

  /**
   * Adds what stands behind a request and nobody has wished for yet: it comes after what is waited
   * for, and so holds up nobody but other requests.
   */
  private void takeAlong(Deque<Integer> chunks, long from, long to) {
    int next = chunks.getLast() + 1;
    long budget =
        Math.min(
            readAhead.next(chunks.getFirst(), next, link.worthwhileBytes()),
            maxRequestBytes - (to - from));
    long end = to;
    long lastOffset = table.blobOffset(chunks.getLast());
    int last = next;
    for (; next < table.count() && chunks.size() < MAX_REQUEST_CHUNKS; next++) {
      long offset = table.blobOffset(next);
      long chunkEnd = offset + table.blobLength(next);
      boolean adjacent = offset == lastOffset || (offset >= end && offset - end <= LEAST_GAP_BYTES);
      if (!adjacent || chunkEnd - to > budget) {
        break;
      }
      if (isShared(next) && isLikely(next)) {
        chunks.addLast(next);
        end = Math.max(end, chunkEnd);
        lastOffset = offset;
        last = next + 1;
      }
    }
    readAhead.planned(last);
  }

  /** While a replay goes on, it knows better what comes next than the order of the blob does. */
  private boolean isLikely(int chunk) {
    return replay == null || replay.isDone() || replay.isMember(chunk);
  }

  /**
   * Whether the blob itself was found wrong here: only a reader who insists has it fetched again.
   */
  private boolean isDamaged(int chunk) {
    Refusal refusal = refusals.get(chunk);
    return refusal != null && refusal.cause() instanceof LayerFormatException;
  }

  /** Whether a chunk's compressed stream is of a size that a buffer may be allocated for. */
  private boolean isSane(int chunk) {
    long length = table.blobLength(chunk);
    return length > 0 && length <= maxStreamBytes;
  }

  /** Whether to take along a chunk of a stream that is fetched anyway. */
  private boolean isShared(int chunk) {
    Flight flight = flights.get(chunk);
    return flight == null
        ? !present.get(chunk) && !isDamaged(chunk) && isSane(chunk)
        : flight.state == Flight.State.QUEUED;
  }

  private FetchRequest request(
      FetchPriority priority, Deque<Integer> chunks, int wished, @Nullable BulkRun run) {
    List<FetchRequest.Unit> units = new ArrayList<>();
    List<Integer> shared = new ArrayList<>();
    for (int chunk : chunks) {
      if (!shared.isEmpty() && table.blobOffset(shared.getFirst()) != table.blobOffset(chunk)) {
        units.add(unit(shared));
        shared.clear();
      }
      shared.add(chunk);
    }
    units.add(unit(shared));
    FetchRequest request = new FetchRequest(layer, priority, List.copyOf(units), gapBytes(run));
    int planned = 0;
    for (int chunk : chunks) {
      Flight flight = flights.get(chunk);
      boolean takenAlong = planned++ >= wished;
      if (flight == null) {
        flight = new Flight(chunk, takenAlong ? FetchPriority.READ_AHEAD : priority);
        flights.put(chunk, flight);
      } else {
        queue(flight).remove(chunk);
      }
      flight.state = Flight.State.REQUESTED;
      flight.request = request;
      if (run != null) {
        run.planned(chunk);
      }
    }
    return request;
  }

  private FetchRequest.Unit unit(List<Integer> chunks) {
    long lengthBytes = 0;
    for (int chunk : chunks) {
      lengthBytes = Math.max(lengthBytes, table.blobLength(chunk));
    }
    return new FetchRequest.Unit(
        table.blobOffset(chunks.getFirst()), Math.toIntExact(lengthBytes), List.copyOf(chunks));
  }

  private void releaseIfUnused(Flight flight) {
    Content content = flight.content;
    if (flight.waiters == 0 && flight.state == Flight.State.ENDED && content != null) {
      flight.content = null;
      content.release();
    }
  }

  private SequencedMap<Integer, Flight> queue(Flight flight) {
    return queued(flight.priority);
  }

  private SequencedMap<Integer, Flight> queued(FetchPriority priority) {
    SequencedMap<Integer, Flight> queue = queued.get(priority);
    if (queue == null) {
      throw new IllegalStateException("no queue for " + priority);
    }
    return queue;
  }
}
