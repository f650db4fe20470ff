package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ChallengeTest {
  @Test
  void parametersAndSeveralChallengesAreRead() {
    assertThat(
            Challenge.parseAll(
                List.of(
                    "Bearer realm=\"https://a/t?x=1,2\",service=s , Scope=\"repository:a:pull,push"
                        + " \\\"q\\\"\", Basic realm=x",
                    "Negotiate")))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://a/t?x=1,2",
                    "service", "s",
                    "scope", "repository:a:pull,push \"q\"")),
            new Challenge("basic", Map.of("realm", "x")),
            new Challenge("negotiate", Map.of()));
  }

  @Test
  void malformedHeadersGiveWhatCanBeRead() {
    assertThat(Challenge.parseAll(List.of("", "=", "\"\"", ",,,", "Bearer realm=\"x")))
        .containsExactly(new Challenge("bearer", Map.of("realm", "x")));
  }

  @FuzzTest
  void everyHeaderIsReadToItsEnd(byte[] input) {
    String header = new String(input, StandardCharsets.ISO_8859_1);
    for (Challenge challenge : Challenge.parseAll(List.of(header))) {
      assertThat(challenge.scheme()).isNotEmpty();
    }
  }
}
