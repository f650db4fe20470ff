package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TocTextTest {
  private static TocText text(String string) {
    TocText text = new TocText();
    text.set(("(" + string + ")").toCharArray(), 1, string.length());
    return text;
  }

  @Test
  void isTheStringThatItWasSetToLast() {
    TocText text = text("the first, which is longer than the other one".repeat(10));
    text.set(text("été 𝄞"));
    assertThat(text.toString()).isEqualTo("été 𝄞");
    assertThat(text.utf8()).isEqualTo("été 𝄞".getBytes(StandardCharsets.UTF_8));
    assertThat(text.is("été 𝄞")).isTrue();
    assertThat(text.is(text("été 𝄞"))).isTrue();
    assertThat(text.is("été")).isFalse();
    assertThat(text.is(text("été 𝄟"))).isFalse();
    text.clear();
    assertThat(text).isEmpty();
    assertThat(text.utf8()).isEmpty();
    assertThat(text("usr/bin/x").utf8()).isEqualTo("usr/bin/x".getBytes(StandardCharsets.UTF_8));
  }

  /** As {@link HexFormat} has it, whatever stands there. */
  @Test
  void readsDigests() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = new byte[32];
      random.nextBytes(bytes);
      StringBuilder digest = new StringBuilder("sha256:" + HexFormat.of().formatHex(bytes));
      assertThat(text(digest.toString()).sha256()).as("seed %d", seed).isEqualTo(bytes);
      assertThat(text(digest.toString().toUpperCase(java.util.Locale.ROOT)).sha256()).isNull();
      int at = 7 + random.nextInt(64);
      char other = (char) random.nextInt(random.nextBoolean() ? 128 : 0x10000);
      digest.setCharAt(at, other);
      byte[] expected;
      try {
        expected = HexFormat.of().parseHex(digest, 7, 71);
      } catch (IllegalArgumentException e) {
        expected = null;
      }
      assertThat(text(digest.toString()).sha256()).as("seed %d", seed).isEqualTo(expected);
      assertThat(text(digest.substring(0, 70)).sha256()).isNull();
      assertThat(text(digest + "0").sha256()).isNull();
    }
  }
}
