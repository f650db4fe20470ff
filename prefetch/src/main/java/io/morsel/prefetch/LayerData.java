package io.morsel.prefetch;

import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.ChunkDecoder;
import io.morsel.stargz.ChunkTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open layer as the engine sees it: its data file, what is present in it, and what is on its
 * way. {@link LayerReader} is the side that waits.
 */
final class LayerData implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LayerData.class);

  /** The sparse file that holds the layer's uncompressed content. */
  static final String DATA_FILE = "data";

  /**
   * What the engine has to know of a layer.
   *
   * @param name the layer's digest, for messages
   * @param directory where {@code data} and {@code present} are
   * @param identity the SHA-256, in hexadecimal digits, of what determines the layout of {@code
   *     data}
   * @param table the chunks
   * @param decoder decodes and verifies them
   * @param dataBytes length of {@code data}
   * @param prefetchEndBytes where in the blob prefetch ends; empty for none
   * @param pathOf a file that holds a chunk, for messages
   */
  record Spec(
      String name,
      Path directory,
      String identity,
      ChunkTable table,
      ChunkDecoder decoder,
      long dataBytes,
      OptionalLong prefetchEndBytes,
      IntFunction<String> pathOf) {}

  final FetchScheduler scheduler;
  final Spec spec;
  final PosixFile file;
  final PresentBitmap present;
  final UseCount users = new UseCount();

  /** Opens when the layer closes. */
  final CountDownLatch closing = new CountDownLatch(1);

  private final LayerFlights flights;
  private final LayerSync sync;

  /** What has come of it and is not stored yet. */
  final ChunkArrivals arrivals;

  private volatile Supplier<RemoteBlob> blob;
  private volatile boolean servesRanges = true;
  private final long chunkBytes;
  private volatile long presentBytes;

  /** When to fetch the rest of the layer. */
  final FillUrgency urgency;

  /** Who records what is read; replaced as a whole, and empty nearly always. */
  private volatile LayerTouches[] recorders = {};

  /** What earlier starts used of it. */
  final LayerReplays replays = new LayerReplays(this);

  // Guarded by the scheduler's lock.
  private final Set<FetchRequest> requests = new HashSet<>();
  private final EnumSet<FetchPriority> sleeping = EnumSet.noneOf(FetchPriority.class);
  private boolean closed;
  private volatile boolean bulkStarted;
  private final BulkPace pace;

  private LayerData(
      FetchScheduler scheduler, Spec spec, PosixFile file, long[] bits, Supplier<RemoteBlob> blob) {
    this.scheduler = scheduler;
    this.spec = spec;
    this.file = file;
    this.blob = blob;
    this.present = new PresentBitmap(spec.table().count(), bits);
    this.flights =
        new LayerFlights(
            this, spec.table(), present, scheduler.decoders, scheduler.link, scheduler.settings);
    this.sync = new LayerSync(this, bits.clone());
    this.arrivals = new ChunkArrivals(this);
    this.pace = new BulkPace(scheduler.now());
    this.presentBytes = countPresentBytes();
    ChunkTable table = spec.table();
    long sum = 0;
    long blobSum = 0;
    for (int i = 0; i < table.count(); i++) {
      sum += table.dataLength(i);
      boolean isShared = i > 0 && table.blobOffset(i) == table.blobOffset(i - 1);
      blobSum += isShared ? 0 : table.blobLength(i);
    }
    this.chunkBytes = sum;
    this.urgency = new FillUrgency(sum, blobSum, this::presentBytes);
  }

  /** Opens the layer's data, with what an earlier run left of it, and fetches nothing yet. */
  static LayerData open(FetchScheduler scheduler, Spec spec, Supplier<RemoteBlob> blob)
      throws IOException {
    PosixFile file = PosixFile.open(spec.directory().resolve(DATA_FILE));
    try {
      int chunks = spec.table().count();
      long[] bits = PresentFile.read(spec.directory(), chunks, spec.identity());
      long size = file.size();
      if (size != spec.dataBytes()) {
        if (size != 0) {
          log.warn(
              "layer {}: its data has {} bytes instead of {}; it will be fetched again",
              spec.name(),
              size,
              spec.dataBytes());
        }
        bits = new long[bits.length];
        file.truncate(0);
        file.truncate(spec.dataBytes());
      }
      return new LayerData(scheduler, spec, file, bits, blob);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Starts prefetch and background fill, as far as the settings want them, if that was not done
   * before.
   */
  void startBulk() {
    FetchSettings settings = scheduler.settings;
    scheduler.lock.lock();
    try {
      if (closed || bulkStarted) {
        return;
      }
      bulkStarted = true;
      scheduler.used();
      if (settings.prefetch() && spec.prefetchEndBytes().isPresent() && !flights.hasReplay()) {
        flights.startBulk(FetchPriority.PREFETCH, spec.prefetchEndBytes().getAsLong());
        scheduler.wake(this, FetchPriority.PREFETCH);
      }
      if (settings.backgroundFill()) {
        flights.startBulk(FetchPriority.BACKGROUND, Long.MAX_VALUE);
        scheduler.wake(this, FetchPriority.BACKGROUND);
      }
    } finally {
      scheduler.lock.unlock();
    }
  }

  /** Fetches these chunks for readers to come; nothing where the layer is closed. */
  void startReplay(List<ReplayRun.Step> steps) {
    scheduler.lock.lock();
    try {
      if (!closed) {
        scheduler.used();
        flights.startReplay(steps);
        scheduler.wake(this, FetchPriority.PREFETCH);
      }
    } finally {
      scheduler.lock.unlock();
    }
  }

  /** A reader is about to use these chunks, present or not. */
  void touched(int first, int end) {
    for (LayerTouches recorder : recorders) {
      recorder.touch(first, end);
    }
  }

  /** Tells this recorder, too, what is read from now on. */
  synchronized void add(LayerTouches recorder) {
    LayerTouches[] more = Arrays.copyOf(recorders, recorders.length + 1);
    more[recorders.length] = recorder;
    recorders = more;
  }

  /** Tells this recorder nothing any more. */
  synchronized void remove(LayerTouches recorder) {
    recorders =
        Arrays.stream(recorders).filter(each -> each != recorder).toArray(LayerTouches[]::new);
  }

  String name() {
    return spec.name();
  }

  ChunkTable table() {
    return spec.table();
  }

  LayerFlights flights() {
    return flights;
  }

  LayerSync sync() {
    return sync;
  }

  RemoteBlob blob() {
    return blob.get();
  }

  /**
   * Whether a request may have several ranges: until it is known that the registry serves one at
   * most.
   */
  boolean servesRanges() {
    return servesRanges;
  }

  /** The registry has shown whether it serves several ranges by one request. */
  void servesRanges(boolean serves) {
    servesRanges = serves;
  }

  /** Has later requests go to this blob. */
  void blob(Supplier<RemoteBlob> replacement) {
    blob = replacement;
    servesRanges = true;
  }

  /** A reader found something of these chunks absent. */
  void missed(int first, int end) {
    pace.missed(scheduler.now());
    scheduler.used();
    replays.missed(first, end);
    if (!bulkStarted) {
      startBulk();
    }
  }

  /** The next request at this priority, if any; the lock is held. */
  @Nullable FetchRequest nextRequest(FetchPriority priority) {
    if (closed) {
      return null;
    }
    FetchRequest request = flights.nextQueued(priority);
    if (request != null && priority == FetchPriority.DEMAND && scheduler.becomesUrgent(urgency)) {
      // Not right now: this is asked for in the middle of the scheduler's round.
      scheduleWake(FetchPriority.BACKGROUND, 0);
    }
    if (request != null || !flights.isBulkActive(priority)) {
      return request;
    }
    long now = scheduler.now();
    long wait =
        priority == FetchPriority.BACKGROUND && !urgency.isUrgent()
            ? pace.fillWaitNanos(now, scheduler.settings, scheduler.quietNanos())
            : pace.waitNanos(now);
    if (wait > 0) {
      wakeLater(priority, wait);
      return null;
    }
    return flights.nextBulk(priority);
  }

  private void wakeLater(FetchPriority priority, long delayNanos) {
    if (sleeping.add(priority)) {
      scheduleWake(priority, delayNanos);
    }
  }

  private void scheduleWake(FetchPriority priority, long delayNanos) {
    scheduler.schedule(
        () -> {
          scheduler.lock.lock();
          try {
            sleeping.remove(priority);
            if (!closed) {
              scheduler.wake(this, priority);
            }
          } finally {
            scheduler.lock.unlock();
          }
        },
        delayNanos);
  }

  /** A request was sent; the lock is held. */
  void requestStarted(FetchRequest request) {
    requests.add(request);
  }

  /** A request ended, one way or the other; the lock is held. */
  void requestEnded(FetchRequest request) {
    requests.remove(request);
  }

  /** What a request was to bring will not come; the lock is held. */
  void requestFailed(FetchRequest request, Flight.Failure failure, IOException cause) {
    if (closed) {
      return;
    }
    log.warn(
        "layer {}: fetching bytes {} to {} failed: {}",
        name(),
        request.blobOffset,
        request.blobOffset + request.lengthBytes - 1,
        cause.getMessage());
    for (FetchRequest.Unit unit : request.units) {
      for (int chunk : unit.chunks()) {
        Flight flight = flights.requestedBy(request, chunk);
        if (flight != null) {
          end(flight, failure, cause);
        }
      }
    }
    delayBulk();
  }

  /** Something can't be had or stored at present: bulk tries again later, and ever more seldom. */
  private void delayBulk() {
    pace.failed(scheduler.now());
    wakeBulk();
  }

  private void wakeBulk() {
    for (FetchPriority priority : FetchPriority.values()) {
      if (flights.isBulkActive(priority)) {
        scheduler.wake(this, priority);
      }
    }
  }

  private void end(Flight flight, Flight.@Nullable Failure failure, @Nullable IOException cause) {
    flights.end(flight, failure, cause, scheduler.now());
    if (failure != null) {
      flights.rewind(flight.chunk);
    }
  }

  /** A chunk is in the data file; the lock is held. */
  void stored(Flight flight, int lengthBytes) {
    boolean isNew = present.set(flight.chunk);
    if (isNew) {
      long before = presentBytes;
      presentBytes = before + lengthBytes;
      sync.stored(lengthBytes);
    }
    pace.succeeded();
    flights.end(flight, null, null, scheduler.now());
    if (isNew && present.isFull()) {
      scheduler.forget(urgency);
      sync.complete();
    }
  }

  /** A chunk is verified and can't be put into the data file; the lock is held. */
  void unstored(Flight flight, IOException cause) {
    end(flight, Flight.Failure.UNSTORED, cause);
    delayBulk();
  }

  /**
   * A chunk is not what the index says; the lock is held.
   *
   * @param lasting why it is given up; null where it is fetched once more
   */
  void corrupt(Flight flight, @Nullable IOException lasting) {
    if (closed) {
      end(flight, Flight.Failure.LASTING, closedException());
    } else if (lasting != null) {
      end(flight, Flight.Failure.LASTING, lasting);
    } else {
      flight.refetched = true;
      flights.requeue(flight);
      scheduler.wake(this, flight.priority);
    }
  }

  /** A chunk's name in messages: its layer, a file that holds it, its number. */
  String describe(int chunk) {
    String path;
    try {
      path = spec.pathOf().apply(chunk);
    } catch (RuntimeException e) {
      // The message about the chunk matters more than this one.
      path = "?";
    }
    return "layer " + name() + ", file " + path + ", chunk " + chunk;
  }

  long presentBytes() {
    return presentBytes;
  }

  /** What {@link #presentBytes} is when everything is present. */
  long chunkBytes() {
    return chunkBytes;
  }

  /** How many of them a restart would not find. */
  long unsyncedBytes() {
    scheduler.lock.lock();
    try {
      return sync.unsyncedBytes();
    } finally {
      scheduler.lock.unlock();
    }
  }

  /** Trusts only these bits any more: the rest did not reach the disk. The lock is held. */
  void retain(long[] bits) {
    present.retain(bits);
    presentBytes = countPresentBytes();
    if (present.cardinality() < spec.table().count()) {
      flights.rewind(present.nextAbsent(0, spec.table().count()));
      wakeBulk();
    }
  }

  private long countPresentBytes() {
    long sum = 0;
    ChunkTable table = spec.table();
    for (int i = 0; i < table.count(); i++) {
      if (present.get(i)) {
        sum += table.dataLength(i);
      }
    }
    return sum;
  }

  /** The failure of those who use a closed layer. */
  IOException closedException() {
    return new IOException("layer " + name() + " is closed");
  }

  /**
   * Cancels what is on its way, waits for readers and writers to leave, and puts the bitmap on the
   * disk.
   */
  @Override
  public void close() throws IOException {
    if (!users.shut()) {
      return;
    }
    closing.countDown();
    scheduler.lock.lock();
    try {
      closed = true;
      scheduler.remove(this);
      scheduler.forget(urgency);
      flights.stopBulk();
      for (Flight flight : flights.awaited()) {
        flights.end(flight, Flight.Failure.LASTING, closedException(), scheduler.now());
      }
      for (FetchRequest request : requests) {
        Thread thread = request.thread;
        if (thread != null) {
          thread.interrupt();
        }
      }
      arrivals.awaitNone();
    } finally {
      scheduler.lock.unlock();
    }
    users.awaitEmpty();
    scheduler.hot.removeAll(this);
    try {
      sync.close();
    } finally {
      file.close();
    }
  }
}
