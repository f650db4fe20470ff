package io.morsel.cli.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SignalsTest {
  private static void signalThis(String name) throws Exception {
    String self = Long.toString(ProcessHandle.current().pid());
    assertThat(new ProcessBuilder("kill", "-s", name, self).start().waitFor()).isZero();
  }

  @Test
  void signalsAreHeardOnce() throws Exception {
    BlockingQueue<Integer> heard = new LinkedBlockingQueue<>();
    try (SignalForwarding _ = SignalForwarding.start(heard::add)) {
      for (String name : new String[] {"USR1", "TERM", "INT"}) {
        signalThis(name);
        assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo(SignalNumber.of(name).getAsInt());
      }
    }
    assertThat(heard).isEmpty();
  }

  @Test
  void resizeIsHeard() throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    try (SignalForwarding _ = SignalForwarding.onResize(() -> heard.add("resized"))) {
      signalThis("WINCH");
      assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("resized");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "KILL,9",
    "SIGTERM,15",
    "sigint,2",
    "15,15",
    "64,64",
    "WINCH,28",
    "SYS,31",
    "RTMIN,34",
    "RTMIN+3,37",
    "SIGRTMAX-1,63",
    "RTMAX,64"
  })
  void namesHaveNumbers(String name, int number) {
    assertThat(SignalNumber.of(name)).hasValue(number);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0", "65", "999", "SIG", "NONE", "RTMIN+31", "RTMAX-31", "RTMIN-1", "-9"})
  void whatIsNoSignalIsNone(String name) {
    assertThat(SignalNumber.of(name)).isEqualTo(OptionalInt.empty());
  }
}
