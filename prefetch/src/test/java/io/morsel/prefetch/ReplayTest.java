package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a recorded start used is recorded in order, and fetched ahead in few requests. */
@Timeout(60)
final class ReplayTest {
  private static final int CHUNK = 10_000;

  @TempDir private Path directory;

  private static ReplayOrder order(SampleLayer sample, int... chunks) {
    return new ReplayOrder(
        IntStream.range(0, chunks.length).mapToObj(i -> place(sample, chunks[i], i, 1)).toList());
  }

  private static ReplayOrder.Place place(SampleLayer sample, int chunk, int rank, long usedBy) {
    return new ReplayOrder.Place(sample.blobOffset(chunk), sample.blobLength(chunk), rank, usedBy);
  }

  /** The order of one start, of which nothing is held back. */
  private static void replay(Rig rig, ReplayOrder order, long budgetBytes) {
    rig.layer.replays.replay(order, new ImageReplay(Map.of(), 1, new ByteBudget(budgetBytes)));
  }

  private static void awaitPresent(Rig rig, int... chunks) throws Exception {
    rig.events.awaitStored(IntStream.of(chunks).mapToLong(rig.sample::dataLength).sum());
  }

  @Test
  void firstTouchesAreRecordedInOrderWhetherPresentOrNot() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(100, CHUNK), directory)) {
      rig.read(50 * CHUNK, CHUNK);
      StartRecording recording = new StartRecording(100, Long.MAX_VALUE);
      recording.add(3, rig.layer);

      rig.read(70 * CHUNK + 5, 10);
      rig.read(50 * CHUNK, 10);
      rig.read(69 * CHUNK, 2 * CHUNK);
      rig.read(50 * CHUNK, CHUNK);
      recording.end();
      rig.read(0, 10);

      assertThat(recording.touches())
          .containsExactly(
              new StartRecording.Touch(3, 70 * CHUNK, CHUNK),
              new StartRecording.Touch(3, 50 * CHUNK, CHUNK),
              new StartRecording.Touch(3, 69 * CHUNK, CHUNK));
      assertThat(recording.hasEnded()).isTrue();
    }
  }

  @Test
  void aFullRecordingEndsByItself() throws Exception {
    try (Rig rig = new Rig(SampleLayer.uniform(100, CHUNK), directory)) {
      StartRecording few = new StartRecording(4, Long.MAX_VALUE);
      StartRecording small = new StartRecording(100, 2 * CHUNK);
      few.add(0, rig.layer);
      small.add(0, rig.layer);

      rig.read(0, 10 * CHUNK);

      assertThat(few.hasEnded()).isTrue();
      assertThat(few.touches()).hasSize(4);
      assertThat(small.hasEnded()).isTrue();
      assertThat(small.touches()).hasSize(2);
    }
  }

  @Test
  void neighboursComeInOneRequestAndNothingElse() throws Exception {
    SampleLayer sample = SampleLayer.uniform(100, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      replay(rig, order(sample, 41, 80, 40, 42, 10), Long.MAX_VALUE);
      awaitPresent(rig, 10, 40, 41, 42, 80);

      assertThat(rig.blob.ranges)
          .containsExactlyInAnyOrder(
              new ScriptedBlob.Range(10 * CHUNK, CHUNK),
              new ScriptedBlob.Range(40 * CHUNK, 3 * CHUNK),
              new ScriptedBlob.Range(80 * CHUNK, CHUNK));
      assertThat(rig.events.replayedChunks).hasValue(5);
    }
  }

  @Test
  void whatIsUsedFirstComesFirstAcrossSteps() throws Exception {
    SampleLayer sample = SampleLayer.uniform(300, CHUNK);
    List<Integer> chunks = new ArrayList<>();
    for (int chunk = 299; chunk >= 0; chunk -= 2) {
      chunks.add(chunk);
    }
    try (Rig rig = new Rig(sample, directory)) {
      List<ReplayRun.Step> steps =
          ReplayPlan.of(
              sample,
              rig.layer.present,
              order(sample, chunks.stream().mapToInt(Integer::intValue).toArray()).places(),
              new ByteBudget(Long.MAX_VALUE),
              ReplayPlan.Pace.of(new LinkEstimate(), true));
      List<Integer> walked = new ArrayList<>();
      ReplayRun run = new ReplayRun();
      run.add(steps);
      for (int chunk = run.next(_ -> true); chunk >= 0; chunk = run.next(_ -> true)) {
        walked.add(chunk);
      }
      assertThat(walked).containsExactlyInAnyOrderElementsOf(chunks);
      // The first step has 512 KiB, sorted; all of it is used before the rest.
      assertThat(walked.subList(0, 53)).isSorted().contains(299).doesNotContain(1);
      assertThat(walked.get(53)).isLessThan(walked.get(0));
      assertThat(run.isDone()).isTrue();
      assertThat(steps.getFirst().chunks().toArray()).hasSize(53);
      // A network that brings all of it at once is asked for it at once.
      assertThat(
              ReplayPlan.of(
                  sample,
                  rig.layer.present,
                  order(sample, chunks.stream().mapToInt(Integer::intValue).toArray()).places(),
                  new ByteBudget(Long.MAX_VALUE),
                  new ReplayPlan.Pace(sample.blob.length, 0)))
          .hasSize(1);
    }
  }

  @Test
  void unknownOffsetsAreIgnored() throws Exception {
    SampleLayer sample = SampleLayer.uniform(20, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      replay(
          rig,
          new ReplayOrder(
              List.of(
                  new ReplayOrder.Place(5, CHUNK, 0, 1),
                  new ReplayOrder.Place(Long.MAX_VALUE, CHUNK, 1, 1),
                  new ReplayOrder.Place(7 * CHUNK, CHUNK, 2, 1))),
          Long.MAX_VALUE);
      awaitPresent(rig, 7);
      assertThat(rig.blob.ranges).containsExactly(new ScriptedBlob.Range(7 * CHUNK, CHUNK));
    }
  }

  @Test
  void usedChunksAreCountedOnce() throws Exception {
    SampleLayer sample = SampleLayer.uniform(20, CHUNK);
    try (Rig rig = new Rig(sample, directory)) {
      replay(rig, order(sample, 3, 4, 9), Long.MAX_VALUE);
      for (int i = 0; i < 2; i++) {
        StartRecording recording = new StartRecording(100, Long.MAX_VALUE);
        recording.add(0, rig.layer);
        rig.read(3 * CHUNK, CHUNK);
        rig.read(15 * CHUNK, CHUNK);
        recording.end();
      }
      assertThat(rig.events.replayUsedBytes).hasValue(CHUNK);
    }
  }

  /** Whatever a profile says, requests bring no more than the budget. */
  @Test
  void requestsStayWithinTheBudget() throws Exception {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      SampleLayer sample = SampleLayer.random(random);
      Path own = Files.createDirectory(directory.resolve("s" + seed));
      try (Rig rig = new Rig(sample, own)) {
        List<Integer> chunks = new ArrayList<>(IntStream.range(0, sample.count()).boxed().toList());
        Collections.shuffle(chunks, random);
        int[] some =
            chunks.stream()
                .limit(random.nextInt(sample.count() + 1))
                .mapToInt(Integer::intValue)
                .toArray();
        long budget = random.nextInt(2 * sample.blob.length + 1);
        List<ReplayRun.Step> steps =
            ReplayPlan.of(
                sample,
                rig.layer.present,
                distinct(order(sample, some)).places(),
                new ByteBudget(budget),
                ReplayPlan.Pace.of(rig.scheduler.link, rig.layer.servesRanges()));
        BitSet planned = new BitSet();
        steps.forEach(step -> step.chunks().forEach(planned::set));
        replay(rig, distinct(order(sample, some)), budget);
        awaitPresent(rig, planned.stream().toArray());
        long requested = rig.blob.ranges.stream().mapToLong(ScriptedBlob.Range::length).sum();
        assertThat(requested).as("seed %d", seed).isLessThanOrEqualTo(budget);
        if (budget >= 2L * sample.blob.length) {
          assertThat(planned.cardinality()).as("seed %d", seed).isGreaterThanOrEqualTo(some.length);
        }
      }
    }
  }

  private static ReplayOrder distinct(ReplayOrder order) {
    List<ReplayOrder.Place> places = new ArrayList<>();
    for (ReplayOrder.Place place : order.places()) {
      if (places.stream().noneMatch(p -> p.blobOffset() == place.blobOffset())) {
        places.add(place);
      }
    }
    return new ReplayOrder(places);
  }
}
