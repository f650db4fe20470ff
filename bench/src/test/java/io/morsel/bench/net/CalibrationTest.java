package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CalibrationTest {
  private static final Net NET = Net.parse("100m");
  private static final LinkFigures REQUESTED = LinkFigures.requested(NET);

  private static Calibration of(LinkFigures achieved, boolean exact) {
    return new Calibration(NET, Shaper.PROXY, REQUESTED, achieved, exact);
  }

  @Test
  void holdsWhatIsAchievedAgainstWhatWasRequested() {
    assertThat(of(new LinkFigures(12.4e6, 13.7e6, 10_900, 21_900, 50_000), true).withinTolerance())
        .isTrue();
    assertThat(of(new LinkFigures(11.2e6, 12.5e6, 10_000, 20_000, 0), true).withinTolerance())
        .isFalse();
    assertThat(of(new LinkFigures(12.5e6, 13.8e6, 10_000, 20_000, 0), true).withinTolerance())
        .isFalse();
    assertThat(of(new LinkFigures(12.5e6, 12.5e6, 11_001, 20_000, 0), true).withinTolerance())
        .isFalse();
    assertThat(of(new LinkFigures(12.5e6, 12.5e6, 9_999, 20_000, 0), true).withinTolerance())
        .isFalse();
    assertThat(of(new LinkFigures(12.5e6, 12.5e6, 10_000, 22_001, 0), true).withinTolerance())
        .isFalse();
    assertThat(of(new LinkFigures(12.5e6, 12.5e6, 10_000, 20_000, 0), false).withinTolerance())
        .isFalse();
  }

  @Test
  void rendersATable() {
    assertThat(of(new LinkFigures(12.4e6, 10e6, 10_250, 20_500, 950), true).render())
        .isEqualTo(
            """
            100m: shaped by a proxy in this process
                                                          requested     achieved
              bulk, 1 connection                          12.5 MB/s    12.4 MB/s  ok
              bulk, 8 connections                         12.5 MB/s    10.0 MB/s  off
              round trip                                   10.00 ms     10.25 ms  ok
              first byte on a new connection               20.00 ms     20.50 ms  ok
              small request beside 4 bulk connections      10.00 ms       950 µs
              bytes, requests and connections counted       exactly      exactly  ok
            """);
  }

  @Test
  void measuresALink() {
    Calibration calibration = Calibration.measure(Net.parse("400mbit,2ms"));

    assertThat(calibration.countedExactly()).isTrue();
    assertThat(calibration.achievedRttMicros()).isGreaterThan(2000);
    assertThat(calibration.achievedBytesPerSecond()).isPositive();
  }
}
