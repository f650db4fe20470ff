package io.morsel.cli.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.types.Envelope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AnysTest {
  private static Any json(String text) {
    return Any.newBuilder().setValue(ByteString.copyFromUtf8(text)).build();
  }

  @Test
  void commandIsFoundWhereverItStands() {
    assertThat(
            Anys.command(
                json(
                    """
                    {"ociVersion":"1","args":["no"],"mounts":[{"args":["no"]}],
                     "process":{"env":["args"],"user":{"args":["no"]},"args":["sh","-c","x"]},
                     "root":{}}
                    """)))
        .isEqualTo(List.of("sh", "-c", "x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"process\":[]}",
        "{\"process\":{\"args\":1}}",
        "\1"
      })
  void whatHasNoCommandHasNone(String text) {
    assertThat(Anys.command(json(text))).isEmpty();
  }

  @Test
  void messageIsJsonWithTheEventInIt() {
    Envelope envelope =
        Envelope.newBuilder()
            .setTopic("/tasks/exit")
            .setTimestamp(Timestamp.newBuilder().setSeconds(1).setNanos(5_000_000))
            .setEvent(
                Any.newBuilder()
                    .setTypeUrl("containerd.events.TaskExit")
                    .setValue(
                        TaskExit.newBuilder()
                            .setContainerId("c1")
                            .setExitStatus(3)
                            .build()
                            .toByteString()))
            .build();
    assertThat(MessageJson.of(envelope).toString())
        .isEqualTo(
            "{\"timestamp\":\"1970-01-01T00:00:01.005Z\",\"topic\":\"/tasks/exit\","
                + "\"event\":{\"container_id\":\"c1\",\"exit_status\":3}}");
  }

  @Test
  void whatIsNotKnownIsNamed() {
    Any unknown =
        Any.newBuilder().setTypeUrl("x.Y").setValue(ByteString.copyFrom(new byte[] {1, 2})).build();
    assertThat(MessageJson.of(unknown).toString()).isEqualTo("{\"type_url\":\"x.Y\",\"bytes\":2}");
    assertThat(MessageJson.of(json("{\"a\":1}")).toString()).isEqualTo("{\"a\":1}");
  }
}
