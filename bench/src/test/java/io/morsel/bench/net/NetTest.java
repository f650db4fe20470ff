package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1g                        | 1000000000   | 10000    | 0     | false
          100m                      | 100000000    | 10000    | 0     | false
          100M                      | 100000000    | 10000    | 0     | false
          1g,slowstart              | 1000000000   | 10000    | 0     | true
          100m,0.5%                 | 100000000    | 10000    | 0.5   | false
          100m,30ms                 | 100000000    | 30000    | 0     | false
          50mbit,30ms,0.1%          | 50000000     | 30000    | 0.1   | false
          2.5gbit,500us             | 2500000000   | 500      | 0     | false
          2.5Gbit,1.5ms,SlowStart   | 2500000000   | 1500     | 0     | true
          8kbit,10s,50%,slowstart   | 8000         | 10000000 | 50    | true
          64000,0ms                 | 64000        | 0        | 0     | false
          100gbit,1ms               | 100000000000 | 1000     | 0     | false
          """)
  void readsWhatIsValid(String text, long bits, long rttMicros, double loss, boolean slowStart) {
    assertThat(Net.parse(text))
        .isEqualTo(new Net(text, OptionalLong.of(bits), rttMicros, loss, slowStart));
  }

  @Test
  void readsLoopback() {
    assertThat(Net.parse("local")).isEqualTo(Net.LOCAL);
    assertThat(Net.LOCAL.isShaped()).isFalse();
    assertThat(Net.parse("8kbit,0ms").isShaped()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          ""                        | '' is not a rate
          fast                      | 'fast' is not a rate
          12MB/s,10ms               | '12mb/s' is not a rate
          -1m,10ms                  | '-1m' is not a rate
          local,10ms                | local is loopback as it is
          local,slowstart           | local is loopback as it is
          50mbit                    | the round-trip time is missing, such as 50mbit,30ms
          1gbit                     | the round-trip time is missing
          50mbit,                   | '' is not a round-trip time
          50mbit,30                 | '30' is not a round-trip time
          50mbit,0.1%               | '0.1%' is not a round-trip time
          50mbit,slowstart          | 'slowstart' is not a round-trip time
          50mbit,30ms,0.1           | '0.1' is not expected there
          50mbit,30ms,slowstart,1%  | '1%' is not expected there
          50mbit,30ms,1%,1%         | '1%' is not expected there
          100m,                     | '' is not expected there
          50mbit,30ms,51%           | a loss is 0% to 50%
          50mbit,11s                | a round trip is 0 to 10s
          7999,1ms                  | a rate is 8kbit to 100gbit
          101gbit,1ms               | a rate is 8kbit to 100gbit
          99999999999999999999g,1ms | a rate is 8kbit to 100gbit
          1m,99999999999999999999s  | a round trip is 0 to 10s
          """)
  void saysWhatIsWrongAndWhatIsValid(String text, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Net.parse(text))
        .withMessageStartingWith("not a network: '" + text + "': ")
        .withMessageContaining(why)
        .withMessageContaining("valid are local, 1g, 100m, or RATE,RTT[,LOSS][,slowstart]");
  }
}
