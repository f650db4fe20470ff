package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.LayerLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who goes first. */
@Timeout(60)
final class FetchSchedulerTest {
  private static final int CHUNK = 1 << 20;

  @TempDir private Path directory;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private static FetchSettings settings(boolean prefetch, boolean fill, long delayMillis) {
    return new FetchSettings(
        prefetch, fill, delayMillis, 4, CHUNK, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);
  }

  @Test
  void demandOvertakesBulkThatOccupiesItsSlots() throws Exception {
    CountDownLatch reached = new CountDownLatch(2);
    CountDownLatch go = new CountDownLatch(1);
    try (Rig rig =
        new Rig(
            SampleLayer.uniform(20, CHUNK),
            directory,
            settings(false, false, 0),
            OptionalLong.empty())) {
      rig.blob.script(
          (n, range, bytes) ->
              n < 2
                  ? ScriptedBlob.pausing(bytes, 0, reached, go)
                  : new ByteArrayInputStream(bytes));
      Future<?> bulk =
          threads.submit(
              () -> {
                rig.reader.ensure(0, 20L * CHUNK, FetchPriority.READ_AHEAD);
                return true;
              });
      reached.await();

      // Of four slots, bulk has its two, and its other chunks wait.
      assertThat(rig.read(19L * CHUNK, 10)).isEqualTo(rig.expected(19L * CHUNK, 10));

      // The two of the bulk run on threads of their own, in either order.
      assertThat(rig.blob.ranges)
          .extracting(ScriptedBlob.Range::offset)
          .containsExactlyInAnyOrder(0L, (long) CHUNK, 19L * CHUNK)
          .endsWith(19L * CHUNK);
      go.countDown();
      bulk.get();
      assertThat(rig.blob.ranges).as("nothing was fetched twice").hasSize(20);
    }
  }

  @Test
  void demandTakesAFarChunkOutOfARunningRequest() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    FetchSettings large =
        new FetchSettings(
            false, false, 0, 4, 16 << 20, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);
    try (Rig rig = new Rig(SampleLayer.uniform(8, CHUNK), directory, large, OptionalLong.empty())) {
      rig.blob.script(
          (n, range, bytes) ->
              n == 0
                  ? ScriptedBlob.pausing(bytes, CHUNK, reached, go)
                  : new ByteArrayInputStream(bytes));
      Future<?> bulk =
          threads.submit(
              () -> {
                rig.reader.ensure(0, 8L * CHUNK, FetchPriority.BACKGROUND);
                return true;
              });
      reached.await();

      assertThat(rig.read(6L * CHUNK, 10)).isEqualTo(rig.expected(6L * CHUNK, 10));

      assertThat(rig.blob.ranges)
          .containsExactly(
              new ScriptedBlob.Range(0, 8L * CHUNK), new ScriptedBlob.Range(6L * CHUNK, CHUNK));
      go.countDown();
      bulk.get();
      rig.events.awaitStored(8L * CHUNK);
      assertThat(rig.events.storedBytes).hasValue(8L * CHUNK);
      assertThat(rig.read(0, 8 * CHUNK)).isEqualTo(rig.sample.data);
    }
  }

  @Test
  void layersTakeTurns() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    List<String> order = new ArrayList<>();
    Events events = new Events();
    FetchScheduler scheduler =
        new FetchScheduler(
            new FetchSettings(
                false, false, 0, 1, CHUNK, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT),
            events,
            System::nanoTime);
    SampleLayer sample = SampleLayer.uniform(4, CHUNK);
    List<LayerData> layers = new ArrayList<>();
    try {
      for (String name : List.of("a", "b")) {
        Path home = Files.createDirectory(directory.resolve(name));
        ScriptedBlob blob =
            new ScriptedBlob(
                sample.blob,
                (n, range, bytes) -> {
                  synchronized (order) {
                    order.add(name);
                  }
                  return name.equals("a") && n == 0
                      ? ScriptedBlob.pausing(bytes, 0, reached, go)
                      : new ByteArrayInputStream(bytes);
                });
        layers.add(LayerData.open(scheduler, sample.spec(home, OptionalLong.empty()), () -> blob));
      }
      List<Future<?>> ensures = new ArrayList<>();
      ensures.add(threads.submit(() -> ensureAll(layers.get(0), sample)));
      reached.await();
      ensures.add(threads.submit(() -> ensureAll(layers.get(1), sample)));
      awaitQueued(scheduler, layers.get(1));
      go.countDown();
      for (Future<?> ensure : ensures) {
        ensure.get();
      }

      // One bulk slot: a has it, and from then on they alternate.
      assertThat(order).containsExactly("a", "a", "b", "a", "b", "a", "b", "b");
    } finally {
      for (LayerData layer : layers) {
        layer.close();
      }
      scheduler.close();
    }
  }

  private static boolean ensureAll(LayerData layer, SampleLayer sample) throws Exception {
    new LayerReader(layer).ensure(0, sample.data.length, FetchPriority.READ_AHEAD);
    return true;
  }

  private static void awaitQueued(FetchScheduler scheduler, LayerData layer) {
    while (true) {
      scheduler.lock.lock();
      try {
        if (layer.flights().hasQueued(FetchPriority.READ_AHEAD)) {
          return;
        }
      } finally {
        scheduler.lock.unlock();
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void prefetchesUpToTheLandmark() throws Exception {
    try (Rig rig =
        new Rig(
            SampleLayer.uniform(10, CHUNK),
            directory,
            settings(true, false, 0),
            OptionalLong.of(3L * CHUNK))) {
      rig.layer.startBulk();
      rig.events.awaitStored(3L * CHUNK);
      rig.events.awaitRequests(3);

      assertThat(rig.layer.presentBytes()).isEqualTo(3L * CHUNK);
      assertThat(rig.blob.ranges).hasSize(3);
    }
  }

  @Test
  void fillsInTheBackgroundWhatNobodyReads() throws Exception {
    SampleLayer sample = SampleLayer.uniform(10, CHUNK);
    try (Rig rig = new Rig(sample, directory, settings(false, true, 0), OptionalLong.empty())) {
      rig.layer.startBulk();
      rig.events.awaitStored(10L * CHUNK);

      assertThat(rig.layer.present.isFull()).isTrue();
      assertThat(rig.blob.ranges).hasSize(10);
      assertThat(rig.read(0, 10 * CHUNK)).isEqualTo(sample.data);
    }
  }

  @Test
  void goesOnFillingAfterTheRegistryFailed() throws Exception {
    SampleLayer sample = SampleLayer.uniform(5, CHUNK);
    try (Rig rig = new Rig(sample, directory, settings(false, true, 0), OptionalLong.empty())) {
      rig.blob.script(
          (n, range, bytes) ->
              new ByteArrayInputStream(bytes, 0, n == 0 ? bytes.length - 1 : bytes.length));
      rig.layer.startBulk();
      rig.events.awaitStored(5L * CHUNK);

      assertThat(rig.events.failedRequests).hasValue(1);
      assertThat(rig.layer.present.isFull()).isTrue();
    }
  }

  @Test
  void fillsInTheEndWhatAReaderCouldNotHave() throws Exception {
    FetchSettings hasty =
        new FetchSettings(false, true, 0, 4, CHUNK, 0, 1 << 20, 1, false, LayerLimits.DEFAULT);
    AtomicInteger failures = new AtomicInteger();
    try (Rig rig = new Rig(SampleLayer.uniform(5, CHUNK), directory, hasty, OptionalLong.empty())) {
      rig.blob.script(
          (n, range, bytes) -> {
            if (range.offset() == 0 && failures.incrementAndGet() <= 2) {
              throw new IOException("connection refused");
            }
            return new ByteArrayInputStream(bytes);
          });

      assertThatThrownBy(() -> rig.read(0, 10)).hasMessageContaining("chunk 0: not fetched");

      rig.events.awaitStored(5L * CHUNK);
      assertThat(rig.layer.present.isFull()).isTrue();
    }
  }

  @Test
  void doesNotFillWhileReadersMiss() throws Exception {
    try (Rig rig =
        new Rig(
            SampleLayer.uniform(10, CHUNK),
            directory,
            settings(false, true, 3_600_000),
            OptionalLong.empty())) {
      rig.layer.startBulk();
      ByteBuffer target = ByteBuffer.allocateDirect(10);
      rig.reader.read(0, target);

      rig.events.awaitRequests(1);
      assertThat(rig.blob.ranges).hasSize(1);
    }
  }

  private static FetchSettings withReadAhead(int bytes) {
    return new FetchSettings(
        false, false, 0, 4, 16 * CHUNK, bytes, 1 << 20, 20_000, false, LayerLimits.DEFAULT);
  }

  @Test
  void aMissBringsAlongWhatStandsBehindIt() throws Exception {
    int small = 40 << 10;
    SampleLayer sample = SampleLayer.uniform(20, small);
    try (Rig rig = new Rig(sample, directory, withReadAhead(3 * small), OptionalLong.empty())) {
      rig.read(5L * small, 10);
      rig.events.awaitStored(4L * small);
      assertThat(rig.read(6L * small, 3 * small)).isEqualTo(rig.expected(6L * small, 3 * small));
      assertThat(rig.blob.ranges).containsExactly(new ScriptedBlob.Range(5L * small, 4L * small));

      // It goes on where that ended: twice as much comes along.
      rig.read(9L * small, 10);
      rig.events.awaitStored(11L * small);
      assertThat(rig.blob.ranges).endsWith(new ScriptedBlob.Range(9L * small, 7L * small));

      // What is there already is not fetched again.
      rig.read(3L * small, 10);
      rig.events.awaitStored(13L * small);
      assertThat(rig.blob.ranges).endsWith(new ScriptedBlob.Range(3L * small, 2L * small));
      assertThat(rig.read(3L * small, 13 * small)).isEqualTo(rig.expected(3L * small, 13 * small));
    }
  }

  @Test
  void aReaderDoesNotWaitForWhatComesAlong() throws Exception {
    int half = CHUNK / 2;
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (Rig rig =
        new Rig(
            SampleLayer.uniform(20, half), directory, withReadAhead(CHUNK), OptionalLong.empty())) {
      // Who reads on and on has four chunks come along with the eighth.
      for (int chunk : new int[] {0, 1, 2, 4}) {
        rig.read((long) chunk * half, 10);
      }
      rig.events.awaitStored(7L * half);
      rig.blob.script(
          (n, range, bytes) ->
              range.length() > half
                  ? ScriptedBlob.pausing(bytes, half, reached, go)
                  : new ByteArrayInputStream(bytes));
      assertThat(rig.read(7L * half, 10)).isEqualTo(rig.expected(7L * half, 10));
      reached.await();
      assertThat(rig.blob.ranges).endsWith(new ScriptedBlob.Range(7L * half, 5L * half));
      // Another reader takes what is far behind into a request of its own.
      assertThat(rig.read(11L * half, 10)).isEqualTo(rig.expected(11L * half, 10));
      go.countDown();
      assertThat(rig.read(7L * half, 5 * half)).isEqualTo(rig.expected(7L * half, 5 * half));
    }
  }

  @Test
  void whoReadsMuchOfALayerHasTheRestFetchedAtOnce() throws Exception {
    try (Rig rig =
        new Rig(
            SampleLayer.uniform(12, CHUNK),
            directory,
            settings(false, true, 3_600_000),
            OptionalLong.empty())) {
      rig.layer.startBulk();
      rig.read(0, 2 * CHUNK);
      rig.read(6L * CHUNK, CHUNK);
      assertThat(nextFill(rig)).as("a quarter was read").isNull();
      rig.read(3L * CHUNK, CHUNK);
      rig.events.awaitStored(12L * CHUNK);
      assertThat(rig.layer.present.isFull()).isTrue();
    }
  }

  @Test
  void fillsOnceTheWholeNodeIsQuietOrThePatienceIsOver() throws Exception {
    FetchSettings hourly = settings(false, true, 3_600_000);
    try (Rig rig =
        new Rig(SampleLayer.uniform(10, CHUNK), directory, hourly, OptionalLong.empty())) {
      rig.layer.startBulk();
      rig.pass(Duration.ofMinutes(59));
      rig.scheduler.used();
      rig.pass(Duration.ofMinutes(59));
      assertThat(nextFill(rig)).as("another layer was read an hour ago").isNull();
      rig.pass(Duration.ofMinutes(2));
      assertThat(nextFill(rig)).isNotNull();

      rig.layer.missed(0, 1);
      for (int hour = 0; hour < 15; hour++) {
        assertThat(nextFill(rig)).isNull();
        rig.pass(Duration.ofHours(1));
        rig.scheduler.used();
      }
      assertThat(nextFill(rig)).as("the node is never quiet").isNotNull();
    }
  }

  private static @Nullable FetchRequest nextFill(Rig rig) {
    rig.scheduler.lock.lock();
    try {
      return rig.layer.nextRequest(FetchPriority.BACKGROUND);
    } finally {
      rig.scheduler.lock.unlock();
    }
  }
}
