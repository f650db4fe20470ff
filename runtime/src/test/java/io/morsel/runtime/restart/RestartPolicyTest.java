package io.morsel.runtime.restart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the labels of restarts mean. */
final class RestartPolicyTest {
  @ParameterizedTest
  @CsvSource({
    "no, 1, 0, false",
    "always, 0, 1000, true",
    "unless-stopped, 0, 1000, true",
    "on-failure, 0, 0, false",
    "on-failure, 1, 1000, true",
    "on-failure:0, 1, 1000, true",
    "on-failure:3, 255, 2, true",
    "on-failure:3, 255, 3, false",
  })
  void whenAContainerIsStartedAgain(String policy, int status, int count, boolean again) {
    assertThat(RestartPolicy.parse(policy).restarts(status, count)).isEqualTo(again);
  }

  @ParameterizedTest
  @ValueSource(strings = {"no", "always", "unless-stopped", "on-failure", "on-failure:7"})
  void whatIsReadIsWritten(String policy) {
    assertThat(RestartPolicy.parse(policy)).hasToString(policy);
    assertThat(RestartPolicy.of(Map.of(RestartLabels.POLICY, policy))).hasToString(policy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "Always", "always:1", "on-failure:", "on-failure:x", "on-failure:-1", "no:0"})
  void anythingElseIsRefused(String policy) {
    assertThatThrownBy(() -> RestartPolicy.parse(policy))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + policy + "': expected no, always, ");
  }

  @Test
  void labelsAreAsContainerdsClientsWriteThem() {
    assertThat(RestartPolicy.of(Map.of())).hasToString("always");
    assertThat(RestartLabels.count(Map.of(RestartLabels.COUNT, "12"))).isEqualTo(12);
    assertThat(RestartLabels.count(Map.of(RestartLabels.COUNT, "many"))).isZero();
    assertThat(RestartLabels.isExplicitlyStopped(Map.of(RestartLabels.EXPLICITLY_STOPPED, "true")))
        .isTrue();
    assertThat(RestartLabels.isExplicitlyStopped(Map.of(RestartLabels.EXPLICITLY_STOPPED, "false")))
        .isFalse();
    assertThat(RestartLabels.logUri(Map.of(RestartLabels.LOG_PATH, "/a"))).isEqualTo("file:///a");
    assertThat(
            RestartLabels.logUri(
                Map.of(RestartLabels.LOG_PATH, "/a", RestartLabels.LOG_URI, "binary:///b")))
        .isEqualTo("binary:///b");
  }
}
