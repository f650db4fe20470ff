package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only some of the earlier starts used is fetched once the present one is like them. */
@Timeout(60)
final class HeldReplayTest {
  private static final int CHUNK = 10_000;
  private static final long HELLO = 1;
  private static final long NUMPY = 2;
  private static final long WEB = 4;
  private static final int STARTS = 3;

  private final SampleLayer sample = SampleLayer.uniform(1_000, CHUNK);
  private final List<ReplayOrder.Place> places = new ArrayList<>();

  @TempDir private Path directory;

  @BeforeEach
  void profile() {
    uses(HELLO | NUMPY | WEB, 100);
    uses(NUMPY | WEB, 200);
    uses(HELLO, 300, 310);
    uses(NUMPY, 400, 410, 420);
    uses(WEB, 500, 510);
  }

  private void uses(long starts, int... chunks) {
    for (int chunk : chunks) {
      places.add(
          new ReplayOrder.Place(
              sample.blobOffset(chunk), sample.blobLength(chunk), places.size(), starts));
    }
  }

  private ImageReplay image(Rig rig) {
    return new ImageReplay(
        Map.of(rig.blob.digest(), new ReplayOrder(places)), STARTS, new ByteBudget(Long.MAX_VALUE));
  }

  private static void isFast(Rig rig) {
    rig.scheduler.link.transferred(1 << 20, 1_000_000);
  }

  private static void replay(Rig rig, ImageReplay image) {
    rig.layer.replays.replay(image.order(rig.blob.digest()), image);
  }

  private static void awaitPresent(Rig rig, int... chunks) throws Exception {
    rig.events.awaitStored(IntStream.of(chunks).mapToLong(rig.sample::dataLength).sum());
    assertThat(IntStream.range(0, rig.sample.count()).filter(rig.layer.present::get).toArray())
        .containsExactly(chunks);
  }

  private static void read(Rig rig, int chunk) throws Exception {
    rig.read((long) chunk * CHUNK, CHUNK);
  }

  @Test
  void whatMostStartsUsedComesAtOnceAndTheRestWithTheProgram() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      isFast(rig);
      replay(rig, image(rig));
      awaitPresent(rig, 100, 200);

      read(rig, 410);
      awaitPresent(rig, 100, 200, 400, 410, 420);
    }
  }

  @Test
  void whatIsPresentOrUnknownTellsNothing() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      isFast(rig);
      replay(rig, image(rig));
      awaitPresent(rig, 100, 200);

      read(rig, 200);
      read(rig, 50);
      awaitPresent(rig, 50, 100, 200);
    }
  }

  @Test
  void anotherProgramOfTheImageGetsItsOwn() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      isFast(rig);
      replay(rig, image(rig));
      read(rig, 300);
      awaitPresent(rig, 100, 200, 300, 310);

      read(rig, 500);
      awaitPresent(rig, 100, 200, 300, 310, 500, 510);
    }
  }

  @Test
  void whereTheRestTakesLongItIsFetchedOnTheChanceOnceAContainerIsMade() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      rig.scheduler.link.transferred(40_000, 1_000_000_000);
      ImageReplay image = image(rig);
      replay(rig, image);
      awaitPresent(rig, 100, 200);

      image.started();
      awaitPresent(rig, 100, 200, 300, 310, 400, 410, 420, 500, 510);
    }
  }

  @Test
  void soIsWhereNothingIsKnownOfTheNetwork() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      ImageReplay image = image(rig);
      image.started();
      replay(rig, image);
      awaitPresent(rig, 100, 200, 300, 310, 400, 410, 420, 500, 510);
    }
  }

  @Test
  void whereItTakesNoTimeAContainerAloneTellsNothing() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      isFast(rig);
      ImageReplay image = image(rig);
      replay(rig, image);
      image.started();
      read(rig, 510);
      awaitPresent(rig, 100, 200, 500, 510);
    }
  }

  @Test
  void aRequestReadsOverWhatPassesSoonerThanAnother() throws Exception {
    try (Rig rig = new Rig(sample, directory)) {
      rig.scheduler.link.transferred(1 << 20, 10_000_000);
      replay(rig, image(rig));
      awaitPresent(rig, 100, 200);
      // 5 ms are 500 kB of that network: the gaps between 400, 410 and 420 are read over.
      read(rig, 420);
      awaitPresent(rig, 100, 200, 400, 410, 420);
      assertThat(rig.blob.ranges.stream().mapToLong(ScriptedBlob.Range::offset).toArray())
          .contains(400L * CHUNK)
          .doesNotContain(410L * CHUNK);
    }
  }
}
