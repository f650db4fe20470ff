package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When the rest of a layer is fetched at once. */
final class FillUrgencyTest {
  private static final int MIB = 1 << 20;

  private final LinkEstimate link = new LinkEstimate();
  private final FillUrgency urgency = new FillUrgency(90 * MIB, 40 * MIB);

  FillUrgencyTest() {
    // 10 MiB/s, so that the layer takes four seconds.
    link.add(TimeUnit.MILLISECONDS.toNanos(1), MIB, TimeUnit.MILLISECONDS.toNanos(100));
  }

  private boolean sendMany() {
    boolean became = false;
    for (int i = 1; i < FillUrgency.LEAST_REQUESTS; i++) {
      became |= urgency.requested(0, link);
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
    assertThat(urgency.requested(0, link)).isFalse();

    urgency.waited(TimeUnit.MILLISECONDS.toNanos(20));

    assertThat(urgency.requested(0, link)).isTrue();
    assertThat(urgency.isUrgent()).isTrue();
    assertThat(urgency.requested(0, link)).as("only once").isFalse();
  }

  @Test
  void whatIsPresentNeedsNotBeBought() {
    sendMany();
    urgency.waited(TimeUnit.MILLISECONDS.toNanos(250));
    assertThat(urgency.requested(60 * MIB, link)).isFalse();

    assertThat(urgency.requested(80 * MIB, link)).as("a ninth is left: 0.44 s").isTrue();
  }

  @Test
  void aFastLineFarAwayIsWorthItSooner() {
    LinkEstimate far = new LinkEstimate();
    // 200 MiB/s, so that the layer takes 0.2 s; 10 ms away, though the queues may add to that.
    far.add(TimeUnit.MILLISECONDS.toNanos(30), MIB, TimeUnit.MILLISECONDS.toNanos(5));
    far.add(TimeUnit.MILLISECONDS.toNanos(10), MIB, TimeUnit.MILLISECONDS.toNanos(5));
    for (int i = 1; i < 40; i++) {
      assertThat(urgency.requested(0, far)).as("request %s", i).isFalse();
    }

    assertThat(urgency.requested(0, far)).as("0.4 s were spent on the way").isTrue();
  }

  @Test
  void aSlowLineFarAwayIsNot() {
    LinkEstimate far = new LinkEstimate();
    far.add(TimeUnit.MILLISECONDS.toNanos(10), MIB, TimeUnit.MILLISECONDS.toNanos(100));
    for (int i = 1; i < 100; i++) {
      assertThat(urgency.requested(0, far)).as("request %s", i).isFalse();
    }

    assertThat(urgency.requested(0, far)).as("1 s of the 4 s").isTrue();
  }

  @Test
  void whoHasReadAThirdIsLikelyToReadOn() {
    urgency.read(30 * MIB - 1);
    assertThat(urgency.requested(0, link)).isFalse();

    urgency.read(1);

    assertThat(urgency.requested(0, link)).isTrue();
  }
}
