package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReadAheadTest {
  private static final int BASE = 1_000;
  private static final int MAX = 6_000;

  private final ReadAhead readAhead = new ReadAhead(BASE, MAX);

  private long miss(int chunk, int endOfRequest) {
    long bytes = readAhead.next(chunk, chunk + 1);
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
  void nothingWhereItIsOff() {
    ReadAhead off = new ReadAhead(0, MAX);
    assertThat(off.next(1, 2)).isZero();
    off.planned(2);
    assertThat(off.next(2, 3)).isZero();
  }
}
