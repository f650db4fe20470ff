package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.registry.Digest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeptConnectionTest {
  private static final String HASH =
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  private static final String GOOD =
      "morsel-fuse-1.sha256." + HASH + ".0123456789abcdef.fedcba9876543210.tfd.45.00000000000000ff";

  @Test
  void aNameSaysAll() {
    for (String algorithm : new String[] {Digest.SHA256, Digest.SHA512}) {
      for (int bits = 0; bits < 8; bits++) {
        ContentIdentity identity =
            new ContentIdentity(
                Digest.of(algorithm, new byte[] {(byte) bits}),
                "0123456789abcdef",
                "fedcba9876543210");
        KeptConnection kept =
            KeptConnection.of(identity, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, 31);
        String name = kept.name();
        assertThat(KeptConnection.isOurs(name)).isTrue();
        assertThat(KeptConnection.parse(name)).contains(kept);
        // What FDNAME may be.
        assertThat(name).hasSizeLessThanOrEqualTo(255).doesNotContain(":");
        assertThat(StandardCharsets.US_ASCII.newEncoder().canEncode(name)).isTrue();
        assertThat(name.chars()).allMatch(c -> c > ' ' && c < 127);
      }
    }
  }

  @Test
  void twoOfTheSameLayerAreToldApart() {
    KeptConnection one = KeptConnection.parse(GOOD).orElseThrow();
    assertThat(one.number()).isEqualTo(255);
    KeptConnection two =
        KeptConnection.of(one.identity(), one.cached(), one.opensFiles(), false, one.minor());
    KeptConnection three =
        KeptConnection.of(one.identity(), one.cached(), one.opensFiles(), false, one.minor());
    assertThat(two.name()).isNotEqualTo(three.name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "stored",
        "morsel-fuse-",
        "morsel-fuse-1",
        "morsel-fuse-2.sha256."
            + HASH
            + ".0123456789abcdef.fedcba9876543210.tfd.45.00000000000000ff",
        "morsel-fuse-1.md5." + HASH + ".0123456789abcdef.fedcba9876543210.tfd.45.00000000000000ff",
        "morsel-fuse-1.sha512."
            + HASH
            + ".0123456789abcdef.fedcba9876543210.tfd.45.00000000000000ff",
        "morsel-fuse-1.sha256.../../etc.0123456789abcdef.fedcba9876543210.tfd.45.00000000000000ff",
        "morsel-fuse-1.sha256."
            + HASH
            + ".0123456789ABCDEF.fedcba9876543210.tfd.45.00000000000000ff",
        "morsel-fuse-1.sha256."
            + HASH
            + ".0123456789abcdef.fedcba987654321.tfd.45.00000000000000ff",
        "morsel-fuse-1.sha256."
            + HASH
            + ".0123456789abcdef.fedcba9876543210.xfd.45.00000000000000ff",
        "morsel-fuse-1.sha256."
            + HASH
            + ".0123456789abcdef.fedcba9876543210.tfd.-1.00000000000000ff",
        "morsel-fuse-1.sha256."
            + HASH
            + ".0123456789abcdef.fedcba9876543210.tfd.99999.00000000000000ff",
        GOOD + "0",
        GOOD + "\n",
      })
  void othersSayNothing(String name) {
    assertThat(KeptConnection.parse(name)).isEmpty();
  }
}
