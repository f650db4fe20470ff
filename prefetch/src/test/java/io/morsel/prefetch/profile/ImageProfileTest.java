package io.morsel.prefetch.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.prefetch.ReplayOrder;
import io.morsel.registry.Digest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class ImageProfileTest {
  private static final Digest IMAGE = Digest.of(new byte[] {1});
  private static final Digest BASE = Digest.of(new byte[] {2});
  private static final Digest TOP = Digest.of(new byte[] {3});
  private static final List<Digest> LAYERS = List.of(BASE, TOP);

  private static RecordedStart start(long second, int layer, long... offsets) {
    List<ChunkUse> uses = new ArrayList<>();
    for (long offset : offsets) {
      uses.add(new ChunkUse(layer, offset, 10));
    }
    return new RecordedStart(Instant.ofEpochSecond(second), uses);
  }

  private static long[] range(int from, int to) {
    return LongStream.range(from, to).map(i -> 100 * i).toArray();
  }

  private static ImageProfile empty() {
    return ImageProfile.empty(IMAGE);
  }

  @Test
  void aStartReplacesOneThatIsMuchTheSame() {
    RecordedStart first = start(1, 0, range(0, 100));
    RecordedStart second = start(2, 0, range(5, 105));
    ImageProfile profile = empty().with(LAYERS, first, false).with(LAYERS, second, false);
    assertThat(profile.starts()).containsExactly(second);
  }

  @Test
  void programsThatShareTheirFirstReadsAreKeptApart() {
    RecordedStart hello = start(1, 0, range(0, 100));
    RecordedStart numpy = start(2, 0, range(0, 300));
    ImageProfile profile = empty().with(LAYERS, hello, false).with(LAYERS, numpy, false);
    assertThat(profile.starts()).containsExactly(numpy, hello);
  }

  @Test
  void whatTheKernelHadInItsCacheIsNotForgotten() {
    RecordedStart full = start(1, 0, range(0, 100));
    ImageProfile known = empty().with(LAYERS, full, false);
    assertThat(known.with(LAYERS, start(2, 0, range(40, 90)), true)).isSameAs(known);
    RecordedStart more = start(3, 0, range(90, 120));
    assertThat(known.with(LAYERS, more, true).starts()).containsExactly(more, full);
  }

  @Test
  void onlyTheLastStartsAreKept() {
    ImageProfile profile = empty();
    for (int i = 0; i < 20; i++) {
      profile = profile.with(LAYERS, start(i, 0, range(100 * i, 100 * i + 10)), false);
    }
    assertThat(profile.starts())
        .hasSize(ImageProfile.MAX_STARTS)
        .extracting(s -> s.time().getEpochSecond())
        .containsExactly(19L, 18L, 17L, 16L, 15L, 14L, 13L, 12L);
  }

  @Test
  void whatMostStartsUsedComesFirstInTheOrderOfItsUse() {
    ImageProfile profile =
        empty()
            .with(LAYERS, start(1, 0, 700, 100, 300, 1, 2, 3), false)
            .with(LAYERS, start(2, 0, 700, 100, 4, 5, 6, 300), false)
            .with(LAYERS, start(3, 0, 700, 7, 8, 9, 10, 11), false);
    assertThat(profile.forNextStart(Long.MAX_VALUE))
        .extracting(ChunkUse::blobOffset)
        .startsWith(700L, 100L, 300L)
        .hasSize(14);
    assertThat(profile.forNextStart(25))
        .extracting(ChunkUse::blobOffset)
        .containsExactly(700L, 100L);
    assertThat(profile.forNextStart(0)).isEmpty();
  }

  @Test
  void ranksInterleaveLayers() {
    List<ChunkUse> uses =
        List.of(new ChunkUse(1, 5, 10), new ChunkUse(0, 7, 10), new ChunkUse(1, 900, 10));
    ImageProfile profile =
        empty().with(LAYERS, new RecordedStart(Instant.ofEpochSecond(1), uses), false);
    Map<Digest, ReplayOrder> orders = profile.replayOrders(Long.MAX_VALUE);
    assertThat(orders)
        .containsOnly(
            Map.entry(
                TOP,
                new ReplayOrder(
                    List.of(
                        new ReplayOrder.Place(5, 10, 0, 1),
                        new ReplayOrder.Place(900, 10, 20, 1)))),
            Map.entry(BASE, new ReplayOrder(List.of(new ReplayOrder.Place(7, 10, 10, 1)))));
  }

  @Test
  void layersAreMatchedByDigest() {
    ImageProfile profile =
        empty()
            .with(List.of(BASE, TOP), start(1, 1, 5), false)
            .with(List.of(TOP), start(2, 0, 6), false);
    assertThat(profile.replayOrders(100)).containsOnlyKeys(TOP);
    assertThat(profile.forNextStart(100))
        .extracting(ChunkUse::blobOffset)
        .containsExactlyInAnyOrder(5L, 6L);
  }

  /** Lengths that lie neither overflow nor get around the bound. */
  @Test
  void hugeLengthsAreCutOff() {
    List<ChunkUse> uses =
        List.of(
            new ChunkUse(0, 1, 10),
            new ChunkUse(0, 2, Long.MAX_VALUE),
            new ChunkUse(0, 3, Long.MAX_VALUE));
    ImageProfile profile =
        empty().with(LAYERS, new RecordedStart(Instant.ofEpochSecond(1), uses), false);
    assertThat(profile.forNextStart(1_000)).extracting(ChunkUse::blobOffset).containsExactly(1L);
  }

  @Test
  void whateverIsLearnedStaysWithinBoundsAndSurvivesWriting() throws Exception {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      ImageProfile profile = empty();
      for (int i = random.nextInt(12); i >= 0; i--) {
        int first = random.nextInt(50);
        List<ChunkUse> uses = new ArrayList<>();
        for (int j = random.nextInt(60); j >= 0; j--) {
          uses.add(
              new ChunkUse(random.nextInt(2), first + random.nextInt(80), random.nextInt(1_000)));
        }
        RecordedStart start = new RecordedStart(Instant.ofEpochSecond(i), uses);
        profile = profile.with(LAYERS, start, random.nextBoolean());
      }
      long budget = random.nextInt(60_000);
      List<ChunkUse> order = profile.forNextStart(budget);
      Set<ChunkUse.Place> places = new HashSet<>();
      order.forEach(use -> assertThat(places.add(use.place())).isTrue());
      assertThat(order.stream().mapToLong(ChunkUse::blobBytes).sum())
          .as("seed %d", seed)
          .isLessThanOrEqualTo(budget);
      assertThat(profile.starts()).hasSizeLessThanOrEqualTo(ImageProfile.MAX_STARTS);
      assertThat(ProfileJson.parse(ProfileJson.write(profile))).isEqualTo(profile);
    }
  }
}
