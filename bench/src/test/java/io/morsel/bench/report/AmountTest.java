package io.morsel.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AmountTest {
  @Test
  void unitsFitTheSize() {
    assertThat(Amount.of(0, "ms")).isEqualTo("0 ms");
    assertThat(Amount.of(12.34, "ms")).isEqualTo("12.3 ms");
    assertThat(Amount.of(999.6, "ms")).isEqualTo("1.00 s");
    assertThat(Amount.of(5512.2, "ms")).isEqualTo("5.51 s");
    assertThat(Amount.of(95, "ns")).isEqualTo("95 ns");
    assertThat(Amount.of(18_000_000, "ns")).isEqualTo("18 ms");
    assertThat(Amount.of(3.7, "s")).isEqualTo("3.70 s");
    assertThat(Amount.of(102_000_000, "bytes")).isEqualTo("102 MB");
    assertThat(Amount.of(6, "requests")).isEqualTo("6 requests");
    assertThat(Amount.of(36_500.4, "op/s")).isEqualTo("36,500 op/s");
    assertThat(Amount.of(2.5e9, "things")).isEqualTo("2.50 G things");
    assertThat(Amount.of(0.156, "ratio")).isEqualTo("0.16×");
    assertThat(Amount.of(0.001234, "")).isEqualTo("0.001234");
  }

  @Test
  void axesHaveNoNeedlessZeros() {
    assertThat(Amount.tick(2000, "ms")).isEqualTo("2 s");
    assertThat(Amount.tick(100_000, "ms")).isEqualTo("100 s");
    assertThat(Amount.tick(1500, "ms")).isEqualTo("1.5 s");
    assertThat(Amount.tick(200_000_000, "bytes")).isEqualTo("200 MB");
    assertThat(Amount.count(250)).isEqualTo("250");
    assertThat(Amount.count(10_000)).isEqualTo("10k");
    assertThat(Amount.count(1_000_000)).isEqualTo("1M");
  }

  @Test
  void exactFiguresKeepTheirDigits() {
    assertThat(Amount.exact(5512.25)).isEqualTo("5,512.25");
    assertThat(Amount.exact(102_000_000)).isEqualTo("102,000,000");
    assertThat(Amount.exact(0)).isEqualTo("0");
    assertThat(Amount.exact(0.00012345)).isEqualTo("0.0001235");
    assertThat(Amount.exact(-3)).isEqualTo("-3");
    assertThat(Amount.exact(Double.NaN)).isEqualTo("NaN");
  }
}
