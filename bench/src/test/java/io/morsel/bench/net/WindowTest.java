package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WindowTest {
  private static final Shape SLOW = Shape.of(Net.parse("1g,slowstart"));
  private static final long RTT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  @Test
  void doublesByWhatIsAcknowledgedUpToItsMost() {
    Window window = new Window(SLOW);

    assertThat(window.bytes()).isEqualTo(14_600);
    window.acknowledged(14_600);
    assertThat(window.bytes()).isEqualTo(29_200);
    window.acknowledged(29_200);
    assertThat(window.bytes()).isEqualTo(58_400);
    window.acknowledged(1 << 30);
    assertThat(window.bytes()).isEqualTo(SLOW.windowBytes());
  }

  @Test
  void isHalvedOncePerRoundTripAndThenGrowsBySegments() {
    Window window = new Window(SLOW);
    window.acknowledged(100_000 - 14_600);

    window.lost(1000);
    window.lost(1000 + RTT_NANOS - 1);
    assertThat(window.bytes()).isEqualTo(50_000);
    window.acknowledged(50_000);
    assertThat(window.bytes()).isEqualTo(51_460);
    window.lost(1000 + RTT_NANOS);
    assertThat(window.bytes()).isEqualTo(25_730);
  }

  @Test
  void beginsAnewAfterIdling() {
    Window window = new Window(SLOW);
    window.acknowledged(100_000);

    window.idle(TimeUnit.MILLISECONDS.toNanos(200));
    assertThat(window.bytes()).isEqualTo(114_600);
    window.idle(TimeUnit.MILLISECONDS.toNanos(201));
    assertThat(window.bytes()).isEqualTo(14_600);
  }

  @Test
  void isFixedWithoutSlowStart() {
    Shape shape = Shape.of(Net.parse("1g"));
    Window window = new Window(shape);

    window.lost(1000);
    window.idle(Long.MAX_VALUE);
    window.acknowledged(1);
    assertThat(window.bytes()).isEqualTo(shape.windowBytes()).isGreaterThan(2 * 1_250_000);
  }
}
