package io.morsel.cli.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DetachKeysTest {
  /** In these lines P and Q stand for the keys with Ctrl. */
  @ParameterizedTest
  @CsvSource({
    "abc, abc, 0",
    "aPQb, a, 1",
    "PQ, '', 1",
    "PPQ, P, 1",
    "PaPQ, Pa, 1",
    "QP, QP, 0",
    "PaQ, PaQ, 0",
    "PP, PP, 0",
  })
  void onlyTheTwoKeysTogetherEndTheInput(String typed, String passed, int detached)
      throws IOException {
    AtomicInteger told = new AtomicInteger();
    byte[] keys = keys(typed);
    try (DetachKeys in =
        new DetachKeys(new ByteArrayInputStream(keys), () -> told.incrementAndGet())) {
      assertThat(in.readAllBytes()).isEqualTo(keys(passed));
      assertThat(in.read()).isEqualTo(-1);
    }
    assertThat(told).hasValue(detached);
  }

  private static byte[] keys(String typed) {
    return typed.replace('P', '\u0010').replace('Q', '\u0011').getBytes(StandardCharsets.US_ASCII);
  }
}
