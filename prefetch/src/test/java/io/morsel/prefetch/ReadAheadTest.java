package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReadAheadTest {
  private static final int BASE = 100_000;
  private static final int MAX = 600_000;

  private final ReadAhead readAhead = new ReadAhead(BASE, MAX);

  private long miss(int chunk, int endOfRequest) {
    long bytes = readAhead.next(chunk, chunk + 1, Long.MAX_VALUE);
    readAhead.planned(endOfRequest);
    return bytes;
  }

  @Test
  void whoGoesOnGetsTwiceAsMuchUpToTheMost() {
    assertThat(miss(100, 110)).isEqualTo(BASE);
    assertThat(miss(110, 130)).isEqualTo(2 * BASE);
    assertThat(miss(135, 170)).as("a few were left out").isEqualTo(4 * BASE);
    assertThat(miss(170, 230)).isEqualTo(MAX);
    assertThat(miss(230, 300)).isEqualTo(MAX);
  }

  @Test
  void whoJumpsGetsTheBase() {
    assertThat(miss(100, 110)).isEqualTo(BASE);
    assertThat(miss(500, 510)).isEqualTo(BASE);
    assertThat(miss(50, 60)).isEqualTo(BASE);
    assertThat(miss(9_000, 9_010)).isEqualTo(BASE);
  }

  @Test
  void severalReadersGoOnInTheirOwnPlaces() {
    for (int reader = 0; reader < 8; reader++) {
      assertThat(miss(1_000 * reader, 1_000 * reader + 10)).isEqualTo(BASE);
    }
    for (int reader = 0; reader < 8; reader++) {
      assertThat(miss(1_000 * reader + 10, 1_000 * reader + 30)).isEqualTo(2 * BASE);
    }
  }

  @Test
  void whatANetworkBringsInTheTimeOfARequestBoundsTheBase() {
    assertThat(readAhead.next(100, 101, 80_000)).isEqualTo(80_000);
    assertThat(readAhead.next(500, 501, 1_000)).as("not worth a request").isEqualTo(64 << 10);
    LinkEstimate link = new LinkEstimate();
    assertThat(link.worthwhileBytes()).isEqualTo(LinkEstimate.UNKNOWN_BYTES);
    link.add(10_000_000, LinkEstimate.LEAST_BYTES - 1, 1);
    assertThat(link.worthwhileBytes()).isEqualTo(LinkEstimate.UNKNOWN_BYTES);
    // 10 ms, then 1 MB in 80 ms: 12.5 MB/s.
    link.add(10_000_000, 1_000_000, 80_000_000);
    assertThat(link.worthwhileBytes()).isEqualTo(125_000);
    for (int i = 0; i < 100; i++) {
      link.add(20_000_000, 1_000_000, 20_000_000);
    }
    assertThat(link.worthwhileBytes()).as("it has become another").isBetween(990_000L, 1_000_000L);
  }

  @Test
  void nothingWhereItIsOff() {
    ReadAhead off = new ReadAhead(0, MAX);
    assertThat(off.next(1, 2, BASE)).isZero();
    off.planned(2);
    assertThat(off.next(2, 3, BASE)).isZero();
  }
}
