package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When the rest of a layer is fetched at once. */
final class FillUrgencyTest {
  private static final int MIB = 1 << 20;

  private final LinkEstimate link = new LinkEstimate();

  /** Of many decoders, so that the line decides. */
  private final DecodePace pace = new DecodePace(1_000);

  private long presentBytes;
  private final FillUrgency urgency = new FillUrgency(90 * MIB, 40 * MIB, () -> presentBytes);
  private final Set<FillUrgency> read = new HashSet<>(Set.of(urgency));

  FillUrgencyTest() {
    // 10 MiB/s, so that the layer takes four seconds.
    link.add(TimeUnit.MILLISECONDS.toNanos(1), MIB, TimeUnit.MILLISECONDS.toNanos(100));
  }

  private boolean requested(long present, LinkEstimate line, DecodePace decoders) {
    presentBytes = present;
    return urgency.requested(read, line, decoders);
  }

  private boolean sendMany() {
    boolean became = false;
    for (int i = 1; i < FillUrgency.LEAST_REQUESTS; i++) {
      became |= requested(0, link, pace);
    }
    return became;
  }

  @Test
  void anOrdinaryStartIsNotHurriedHoweverLongItWaits() {
    urgency.waited(TimeUnit.SECONDS.toNanos(100));

    assertThat(sendMany()).isFalse();
    assertThat(urgency.isUrgent()).isFalse();
  }

  @Test
  void manyMissesThatCostAQuarterOfTheWholeDo() {
    sendMany();
    urgency.waited(TimeUnit.MILLISECONDS.toNanos(990));
    assertThat(requested(0, link, pace)).isFalse();

    urgency.waited(TimeUnit.MILLISECONDS.toNanos(20));

    assertThat(requested(0, link, pace)).isTrue();
    assertThat(urgency.isUrgent()).isTrue();
    assertThat(requested(0, link, pace)).as("only once").isFalse();
  }

  @Test
  void whatIsPresentNeedsNotBeBought() {
    sendMany();
    urgency.waited(TimeUnit.MILLISECONDS.toNanos(250));
    assertThat(requested(60 * MIB, link, pace)).isFalse();

    assertThat(requested(80 * MIB, link, pace)).as("a ninth is left: 0.44 s").isTrue();
  }

  @Test
  void decodingIsAPartOfThePrice() {
    LinkEstimate near = new LinkEstimate();
    near.add(100_000, MIB, 1_000_000);
    // At 10 MiB/s, four seconds.
    DecodePace slow = new DecodePace(1);
    for (int i = 0; i < 1_000; i++) {
      slow.add(MIB, TimeUnit.MILLISECONDS.toNanos(100));
    }
    sendMany();
    urgency.waited(TimeUnit.MILLISECONDS.toNanos(990));
    assertThat(requested(0, near, slow)).isFalse();

    urgency.waited(TimeUnit.MILLISECONDS.toNanos(20));

    assertThat(requested(0, near, slow)).isTrue();
  }

  @Test
  void aFastLineFarAwayIsWorthItSooner() {
    LinkEstimate far = new LinkEstimate();
    // 200 MiB/s, so that the layer takes 0.2 s; 10 ms away, though the queues may add to that.
    far.add(TimeUnit.MILLISECONDS.toNanos(30), MIB, TimeUnit.MILLISECONDS.toNanos(5));
    far.add(TimeUnit.MILLISECONDS.toNanos(10), MIB, TimeUnit.MILLISECONDS.toNanos(5));
    for (int i = 1; i < 40; i++) {
      assertThat(requested(0, far, pace)).as("request %s", i).isFalse();
    }

    assertThat(requested(0, far, pace)).as("0.4 s were spent on the way").isTrue();
  }

  @Test
  void aSlowLineFarAwayIsNot() {
    LinkEstimate far = new LinkEstimate();
    far.add(TimeUnit.MILLISECONDS.toNanos(10), MIB, TimeUnit.MILLISECONDS.toNanos(100));
    for (int i = 1; i < 100; i++) {
      assertThat(requested(0, far, pace)).as("request %s", i).isFalse();
    }

    assertThat(requested(0, far, pace)).as("1 s of the 4 s").isTrue();
  }

  @Test
  void layersThatAreReadTogetherPayTogether() {
    FillUrgency other = new FillUrgency(90 * MIB, 40 * MIB, () -> 0);
    FillUrgency untouched = new FillUrgency(90 * MIB, 40 * MIB, () -> 0);
    read.add(other);
    for (int i = 1; i < FillUrgency.LEAST_REQUESTS - FillUrgency.LEAST_OWN_REQUESTS; i++) {
      assertThat(other.requested(read, link, pace)).isFalse();
    }
    other.waited(TimeUnit.MILLISECONDS.toNanos(1_500));
    urgency.waited(TimeUnit.MILLISECONDS.toNanos(600));
    for (int i = 1; i <= FillUrgency.LEAST_OWN_REQUESTS; i++) {
      assertThat(requested(0, link, pace)).as("request %s", i).isFalse();
    }

    assertThat(requested(0, link, pace)).as("2.1 s of 8").isTrue();
    assertThat(other.requested(read, link, pace)).isTrue();
    read.add(untouched);
    assertThat(untouched.requested(read, link, pace)).as("hardly asked for").isFalse();
  }

  @Test
  void whoHasReadAThirdIsLikelyToReadOn() {
    urgency.read(30 * MIB - 1);
    assertThat(requested(0, link, pace)).isFalse();

    urgency.read(1);

    assertThat(requested(0, link, pace)).isTrue();
  }
}
