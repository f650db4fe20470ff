package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class QuantityTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.00 kB",
    "9994, 9.99 kB",
    "9995, 10.0 kB",
    "99949, 99.9 kB",
    "99950, 100 kB",
    "999499, 999 kB",
    "999500, 1.00 MB",
    "123456789, 123 MB",
    "9223372036854775807, 9.22 EB",
  })
  void sizes(long bytes, String text) {
    assertThat(Quantity.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 ms",
    "999, 999 ms",
    "1000, 1.00 s",
    "59994, 59.99 s",
    "59995, 1 min 0 s",
    "192000, 3 min 12 s",
  })
  void times(long millis, String text) {
    assertThat(Quantity.millis(millis)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0,0 seconds ago",
    "1,1 second ago",
    "59,59 seconds ago",
    "60,1 minute ago",
    "7199,1 hour ago",
    "172799,47 hours ago",
    "172800,2 days ago",
    "8640000,3 months ago",
    "94608000,3 years ago",
    "-5,0 seconds ago"
  })
  void agesAreRough(long seconds, String text) {
    Instant now = Instant.parse("2030-01-01T00:00:00Z");
    assertThat(Quantity.ago(now.minusSeconds(seconds), now)).isEqualTo(text);
  }
}
