package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.stargz.LayerLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Random layers, random readers, random trouble: what is read is always right. */
@Timeout(300)
final class LayerPropertyTest {
  private static final int READERS = 6;
  private static final List<FetchPriority> PRIORITIES = List.of(FetchPriority.values());
  private static final int ROUNDS = Integer.getInteger("morsel.rounds", 12);

  @TempDir private Path directory;

  @Test
  void fetchesEveryChunkOnceWhenNothingFails() throws Exception {
    forSeeds(
        (seed, home) -> {
          SampleLayer sample = SampleLayer.random(new Random(seed));
          try (Rig rig = rig(sample, home, seed)) {
            rig.layer.startBulk();
            readAtRandom(rig, seed);
            rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND);

            assertThat(rig.read(0, sample.data.length)).isEqualTo(sample.data);
            assertThat(rig.events.failedRequests).hasValue(0);
            rig.events.awaitStored(rig.layer.presentBytes());
            assertThat(rig.events.storedBytes).hasValue(rig.layer.presentBytes());
            assertThat(rig.layer.present.isFull()).isTrue();
            for (int i = 0; i < sample.count(); i++) {
              assertThat(sample.decoded.get(i)).as("times that chunk %s came", i).isOne();
            }
          }
        });
  }

  @Test
  void readsRightBytesWhateverTheNetworkDoes() throws Exception {
    forSeeds(
        (seed, home) -> {
          SampleLayer sample = SampleLayer.random(new Random(seed));
          try (Rig rig = rig(sample, home, seed)) {
            Random trouble = new Random(seed + 1);
            rig.blob.script((n, range, bytes) -> troubled(trouble, n, bytes));
            rig.layer.startBulk();
            readAtRandom(rig, seed);

            rig.blob.script((n, range, bytes) -> new ByteArrayInputStream(bytes));
            rig.awaitRefusalsOver();
            assertThat(readUntilItWorks(rig)).isEqualTo(sample.data);
            rig.reader.ensure(0, sample.data.length, FetchPriority.DEMAND);
            assertThat(Files.readAllBytes(home.resolve(LayerData.DATA_FILE)))
                .isEqualTo(sample.data);
          }
        });
  }

  @Test
  void losesAndInventsNothingWhenItIsCopiedInTheMiddle() throws Exception {
    forSeeds(
        (seed, home) -> {
          SampleLayer sample = SampleLayer.random(new Random(seed));
          Path copy = Files.createDirectory(home.resolveSibling(home.getFileName() + "-copy"));
          try (Rig rig = rig(sample, home, seed)) {
            Random random = new Random(seed);
            for (int i = 0; i < 3; i++) {
              rig.reader.ensure(
                  random.nextInt(sample.data.length),
                  random.nextInt(sample.data.length),
                  FetchPriority.DEMAND);
              if (i == 1) {
                rig.layer.sync().flush();
              }
            }
            // As after a crash: what a machine that lost its power finds. The bitmap comes first,
            // since it must be true of any later state of the data.
            copyIfThere(home.resolve(PresentFile.NAME), copy.resolve(PresentFile.NAME));
            Files.copy(home.resolve(LayerData.DATA_FILE), copy.resolve(LayerData.DATA_FILE));
          }
          check(sample, copy, seed, 0);
          check(sample, home, seed, 0);
          // A damaged bitmap is none.
          byte[] bits = Files.readAllBytes(home.resolve(PresentFile.NAME));
          bits[new Random(seed).nextInt(bits.length)] ^= 4;
          Files.write(home.resolve(PresentFile.NAME), bits);
          check(sample, home, seed, sample.count());
        });
  }

  private static void copyIfThere(Path from, Path to) throws IOException {
    if (Files.exists(from)) {
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Opens the layer and compares all that it says is present. */
  private static void check(SampleLayer sample, Path home, long seed, int minAbsent)
      throws Exception {
    try (Rig rig = rig(sample, home, seed)) {
      int absent = 0;
      for (int i = 0; i < sample.count(); i++) {
        if (rig.reader.isPresent(sample.dataOffset(i), sample.dataLength(i))) {
          assertThat(rig.read(sample.dataOffset(i), sample.dataLength(i)))
              .isEqualTo(rig.expected(sample.dataOffset(i), sample.dataLength(i)));
        } else {
          absent++;
        }
      }
      assertThat(absent).isGreaterThanOrEqualTo(minAbsent);
      assertThat(rig.blob.ranges).isEmpty();
      assertThat(rig.read(0, sample.data.length)).isEqualTo(sample.data);
    }
  }

  private static Rig rig(SampleLayer sample, Path home, long seed) throws IOException {
    Random random = new Random(seed);
    FetchSettings settings =
        new FetchSettings(
            random.nextBoolean(),
            random.nextBoolean(),
            0,
            1 + random.nextInt(6),
            random.nextInt(4) == 0 ? 1 : 100_000 + random.nextInt(2_000_000),
            random.nextBoolean() ? 0 : random.nextInt(1_000_000),
            random.nextInt(100_000),
            60_000,
            false,
            LayerLimits.DEFAULT);
    return new Rig(
        sample, home, settings, OptionalLong.of(random.nextInt(Math.max(1, sample.blob.length))));
  }

  private static InputStream troubled(Random trouble, int number, byte[] bytes) throws IOException {
    synchronized (trouble) {
      return switch (trouble.nextInt(12)) {
        case 0 -> throw new IOException("request " + number + " refused");
        case 1 -> new ByteArrayInputStream(bytes, 0, trouble.nextInt(bytes.length));
        case 2 -> {
          bytes[trouble.nextInt(bytes.length)] ^= (byte) (1 << trouble.nextInt(8));
          yield new ByteArrayInputStream(bytes);
        }
        case 3 -> throw new IllegalStateException("a bug in the client");
        default -> new ByteArrayInputStream(bytes);
      };
    }
  }

  private static void readAtRandom(Rig rig, long seed) throws Exception {
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
      List<Future<?>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        Random random = new Random(seed * READERS + i);
        readers.add(
            threads.submit(
                () -> {
                  for (int j = 0; j < 4; j++) {
                    readOnce(rig, random);
                  }
                  return true;
                }));
      }
      for (Future<?> reader : readers) {
        reader.get();
      }
    }
  }

  private static void readOnce(Rig rig, Random random) {
    int offset = random.nextInt(rig.sample.data.length);
    int length = 1 + random.nextInt(200_000);
    try {
      if (random.nextInt(4) == 0) {
        rig.reader.ensure(offset, length, PRIORITIES.get(random.nextInt(PRIORITIES.size())));
      } else {
        assertThat(rig.read(offset, length)).isEqualTo(rig.expected(offset, length));
      }
    } catch (IOException e) {
      // A failure is an answer; wrong bytes are not.
      assertThat(e.getMessage()).startsWith("layer sha256:5a, file file-");
    }
  }

  private static byte[] readUntilItWorks(Rig rig) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        return rig.read(0, rig.sample.data.length);
      } catch (IOException e) {
        // A request that was corrupted before the trouble ended.
        if (attempt == 100) {
          throw e;
        }
        rig.awaitRefusalsOver();
      }
    }
  }

  /** One round of a property, in a directory of its own. */
  private interface Round {
    void run(long seed, Path home) throws Exception;
  }

  private void forSeeds(Round round) throws Exception {
    long first = Long.getLong("morsel.seed", ThreadLocalRandom.current().nextInt(1_000_000_000));
    for (long seed = first; seed < first + ROUNDS; seed++) {
      Path home = Files.createDirectory(directory.resolve(Long.toString(seed)));
      try {
        round.run(seed, home);
      } catch (Exception | AssertionError e) {
        throw new AssertionError("with -Dmorsel.seed=" + seed + ": " + e, e);
      }
    }
  }
}
