package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Times of a TOC. */
final class TocTimeTest {
  @Test
  void whatJavaWritesIsReadAlike() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 10_000; i++) {
      long seconds = random.nextLong(-62_135_596_800L, 253_402_300_800L);
      int nanos =
          switch (random.nextInt(6)) {
            case 0, 1 -> random.nextInt(1_000_000_000);
            case 2 -> 1_000 * random.nextInt(1_000_000);
            case 3 -> 1_000_000 * random.nextInt(1_000);
            default -> 0;
          };
      Instant time = Instant.ofEpochSecond(seconds, nanos);
      assertThat(TocTime.parse(time.toString())).as("seed %s", seed).isEqualTo(time);
      OffsetDateTime elsewhere = time.atOffset(ZoneOffset.ofHoursMinutes(5, 30));
      assertThat(TocTime.parse(elsewhere.toString())).as("seed %s", seed).isEqualTo(time);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:0\u0660:00Z",
        "2024-01-01T00:00:00.1234567890Z",
        "2024-01-01T00:00:00,5Z",
        "2024-01-01T00:00:00.1\u0660Z",
        "2024-01-01T00:00:00.-1Z",
        "x",
      })
  void whatIsNoTimeIsRefused(String text) {
    assertThatThrownBy(() -> TocTime.parse(text)).isInstanceOf(DateTimeException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2016-12-31T23:59:60Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00.5Z",
        "2024-01-01T00:00:00.05Z",
        "2024-01-01T00:00:00.000000001Z",
        "2024-01-01T00:00:00.120Z"
      })
  void oddTimesAreWhatJavaTakesThemFor(String text) {
    assertThat(TocTime.parse(text)).isEqualTo(Instant.parse(text));
  }
}
