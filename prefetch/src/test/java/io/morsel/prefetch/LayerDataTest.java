package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One layer, one thing at a time. */
@Timeout(60)
final class LayerDataTest {
  private static final int CHUNK = 10_000;

  @TempDir private Path directory;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void fetchesWhatIsAbsentAndOnlyThat() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(100, CHUNK), directory)) {
      assertThat(rig.reader.isPresent(25_000, 10)).isFalse();

      assertThat(rig.read(25_000, 10)).isEqualTo(rig.expected(25_000, 10));

      rig.events.awaitStored(CHUNK);
      assertThat(rig.blob.ranges).containsExactly(new ScriptedBlob.Range(20_000, 10_000));
      assertThat(rig.reader.isPresent(20_000, 10_000)).isTrue();
      assertThat(rig.reader.isPresent(20_000, 10_001)).isFalse();
      assertThat(rig.read(25_000, 10)).isEqualTo(rig.expected(25_000, 10));
      assertThat(rig.blob.ranges).hasSize(1);
      assertThat(rig.events.hits).hasValue(1);
      assertThat(rig.events.misses).hasValue(1);
      assertThat(rig.layer.presentBytes()).isEqualTo(CHUNK);
    }
  }

  @Test
  void mergesAdjacentChunksUpToTheRequestSize() throws Exception {
    SampleLayer sample = SampleLayer.uniform(300, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND);

      // 1 MiB holds 104 chunks of 10 000 bytes.
      assertThat(rig.blob.ranges)
          .containsExactlyInAnyOrder(
              new ScriptedBlob.Range(0, 1_040_000),
              new ScriptedBlob.Range(1_040_000, 1_040_000),
              new ScriptedBlob.Range(2_080_000, 920_000));
      assertThat(rig.layer.present.isFull()).isTrue();
      assertThat(rig.read(0, sample.data.length)).isEqualTo(sample.data);
    }
  }

  @Test
  void readsOverSmallGapsAndNotOverLargeOnes() throws Exception {
    SampleLayer sample = SampleLayer.uniform(30, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      rig.reader.ensure(2 * CHUNK, 3 * CHUNK, FetchPriority.DEMAND);
      rig.reader.ensure(10 * CHUNK, 10 * CHUNK, FetchPriority.DEMAND);
      rig.blob.ranges.clear();

      rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND);

      // 30 000 present bytes are read over, 100 000 are not.
      assertThat(rig.blob.ranges)
          .containsExactlyInAnyOrder(
              new ScriptedBlob.Range(0, 10 * CHUNK),
              new ScriptedBlob.Range(20 * CHUNK, 10 * CHUNK));
    }
  }

  @Test
  void deliversTheFirstChunkBeforeTheRequestEnds() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (Rig rig = new Rig(SampleLayer.uniform(10, CHUNK), directory)) {
      rig.blob.script((n, range, bytes) -> ScriptedBlob.pausing(bytes, CHUNK, reached, go));
      Future<?> all =
          threads.submit(
              () -> {
                rig.reader.ensure(0, 10 * CHUNK, FetchPriority.PREFETCH);
                return true;
              });

      reached.await();
      assertThat(rig.read(5, 100)).isEqualTo(rig.expected(5, 100));

      assertThat(all.isDone()).isFalse();
      go.countDown();
      all.get();
      assertThat(rig.blob.ranges).hasSize(1);
    }
  }

  @Test
  void refetchesACorruptChunkOnce() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(10, CHUNK), directory)) {
      rig.blob.script(
          (n, range, bytes) -> {
            if (n == 0) {
              bytes[3 * CHUNK + 17] ^= 1;
            }
            return new ByteArrayInputStream(bytes);
          });

      assertThat(rig.read(0, 10 * CHUNK)).isEqualTo(rig.sample.data);

      assertThat(rig.blob.ranges)
          .containsExactly(
              new ScriptedBlob.Range(0, 10 * CHUNK), new ScriptedBlob.Range(3 * CHUNK, CHUNK));
      assertThat(rig.events.corruptions).hasValue(0);
    }
  }

  @Test
  void givesUpAChunkThatStaysCorruptAndKeepsTheOthers() throws Exception {
    SampleLayer sample = SampleLayer.uniform(10, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      rig.blob.script(
          (n, range, bytes) -> {
            int bad = (int) (3 * CHUNK + 17 - range.offset());
            if (bad >= 0 && bad < bytes.length) {
              bytes[bad] ^= 1;
            }
            return new ByteArrayInputStream(bytes);
          });

      assertThatThrownBy(() -> rig.read(0, 10 * CHUNK))
          .isInstanceOf(IOException.class)
          .hasMessage("layer sha256:5a, file file-3, chunk 3: the digest differs");
      assertThatThrownBy(() -> rig.read(3 * CHUNK, 1)).hasMessageContaining("the digest differs");
      assertThat(rig.blob.ranges).as("the second read hammers nothing").hasSize(2);
      assertThat(rig.events.corrupt).hasValue("sha256:5a 3");
      assertThat(rig.events.corruptions).hasValue(1);
      assertThat(rig.layer.present.get(3)).isFalse();
      rig.events.awaitStored(9 * CHUNK);
      assertThat(rig.read(4 * CHUNK, 6 * CHUNK)).isEqualTo(rig.expected(4 * CHUNK, 6 * CHUNK));
      assertThat(rig.blob.ranges).hasSize(2);

      rig.blob.script((n, range, bytes) -> new ByteArrayInputStream(bytes));
      rig.awaitRefusalsOver();
      assertThat(rig.read(3 * CHUNK, CHUNK)).isEqualTo(rig.expected(3 * CHUNK, CHUNK));
    }
  }

  @Test
  void holdsAReaderUntilTheRegistryIsBack() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(10, CHUNK), directory)) {
      rig.blob.script(
          (n, range, bytes) -> {
            if (n < 2) {
              throw new IOException("connection refused");
            }
            return new ByteArrayInputStream(bytes);
          });

      assertThat(rig.read(0, 10)).isEqualTo(rig.expected(0, 10));

      assertThat(rig.events.failedRequests).hasValue(2);
    }
  }

  @Test
  void keepsWhatATruncatedAnswerBrought() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(10, CHUNK), directory)) {
      rig.blob.script(
          (n, range, bytes) ->
              new ByteArrayInputStream(bytes, 0, n == 0 ? 4 * CHUNK + 1 : bytes.length));

      assertThat(rig.read(0, 10 * CHUNK)).isEqualTo(rig.sample.data);

      assertThat(rig.blob.ranges)
          .containsExactly(
              new ScriptedBlob.Range(0, 10 * CHUNK), new ScriptedBlob.Range(4 * CHUNK, 6 * CHUNK));
    }
  }

  @Test
  void failsAReaderWhoseTimeIsUp() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    FetchSettings hasty = Rig.withReadTimeout(50);
    try (Rig rig =
        new Rig(SampleLayer.uniform(10, CHUNK), directory, hasty, OptionalLong.empty())) {
      rig.blob.script((n, range, bytes) -> ScriptedBlob.pausing(bytes, 0, reached, never));

      assertThatThrownBy(() -> rig.read(0, 10))
          .isInstanceOf(IOException.class)
          .hasMessage("layer sha256:5a, file file-0, chunk 0: not fetched within 50 ms");
    }
  }

  @Test
  void survivesAnInterruptedReader() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (Rig rig = new Rig(SampleLayer.uniform(10, CHUNK), directory)) {
      rig.blob.script((n, range, bytes) -> ScriptedBlob.pausing(bytes, 0, reached, go));
      CountDownLatch interrupted = new CountDownLatch(1);
      Thread reader =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      rig.read(0, 10);
                    } catch (java.io.InterruptedIOException e) {
                      interrupted.countDown();
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      reached.await();
      reader.interrupt();
      interrupted.await();
      reader.join();
      go.countDown();

      rig.events.awaitStored(CHUNK);
      Thread.currentThread().interrupt();
      assertThat(rig.read(0, 10)).as("present bytes are read all the same").hasSize(10);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(rig.read(0, 10)).isEqualTo(rig.expected(0, 10));
    }
  }

  @Test
  void closesWhileReadersWait() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Rig rig = new Rig(SampleLayer.uniform(100, CHUNK), directory);
    rig.blob.script((n, range, bytes) -> ScriptedBlob.pausing(bytes, 3 * CHUNK, reached, never));
    Future<byte[]> reader = threads.submit(() -> rig.read(0, 100 * CHUNK));
    reached.await();
    rig.events.awaitStored(3 * CHUNK);

    rig.close();

    assertThatThrownBy(reader::get).hasMessageContaining("layer sha256:5a is closed");
    assertThatThrownBy(() -> rig.read(0, 1)).hasMessage("layer sha256:5a is closed");
    assertThat(rig.takenBytes()).isZero();
    try (Rig again = new Rig(rig.sample, directory)) {
      assertThat(again.layer.presentBytes()).isEqualTo(3 * CHUNK);
      assertThat(again.read(0, 3 * CHUNK)).isEqualTo(again.expected(0, 3 * CHUNK));
      assertThat(again.blob.ranges).isEmpty();
    }
  }

  @Test
  void fetchesASharedStreamOnce() throws Exception {
    SampleLayer sample = SampleLayer.oneStream(20, 100);
    try (Rig rig = new Rig(sample, directory)) {
      rig.read(550, 10);
      rig.events.awaitStored(2_000);

      assertThat(rig.read(0, 2_000)).isEqualTo(sample.data);
      assertThat(rig.blob.ranges).hasSize(1);
    }
  }

  @Test
  void reportsNothingTwice() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(50, 100), directory)) {
      BitSet seen = new BitSet();
      for (int i = 0; i < 50; i++) {
        rig.read(i * 100L, 100);
        seen.set(i);
      }
      rig.events.awaitStored(5_000);
      assertThat(rig.events.storedBytes).hasValue(5_000);
      assertThat(rig.blob.ranges).hasSize(50);
      assertThat(rig.layer.present.cardinality()).isEqualTo(seen.cardinality());
    }
  }
}
