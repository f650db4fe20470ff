package io.morsel.runtime.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.events.ContainerCreate;
import io.morsel.containerd.api.events.ImageCreate;
import io.morsel.containerd.api.types.Envelope;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExchangeTest {
  private final Exchange exchange = new Exchange(Clock.systemUTC());

  private static String next(Subscription subscription) throws Exception {
    return subscription.next().orElseThrow().getTopic();
  }

  @Test
  void subscriberGetsWhatItsFiltersLetThroughInOrder() throws Exception {
    try (Subscription all = exchange.subscribe(List.of());
        Subscription some =
            exchange.subscribe(
                List.of(
                    "topic==\"/images/create\",event.name==a",
                    "event.runtime.name==runc",
                    "event.labels.\"x.y\"==z"))) {
      ImageCreate image = ImageCreate.newBuilder().setName("a").build();
      exchange.publish("ns", "/images/create", image.toBuilder().setName("b").build());
      exchange.publish("ns", "/images/create", image);
      exchange.publish(
          "ns",
          "/containers/create",
          ContainerCreate.newBuilder()
              .setRuntime(ContainerCreate.Runtime.newBuilder().setName("runc"))
              .build());
      exchange.publish(
          "ns", "/images/update", image.toBuilder().setName("c").putLabels("x.y", "z").build());
      Envelope first = some.next().orElseThrow();
      assertThat(first.getNamespace()).isEqualTo("ns");
      assertThat(first.getEvent().getTypeUrl())
          .isEqualTo("containerd.services.images.v1.ImageCreate");
      assertThat(ImageCreate.parseFrom(first.getEvent().getValue())).isEqualTo(image);
      assertThat(next(some)).isEqualTo("/containers/create");
      assertThat(next(some)).isEqualTo("/images/update");
      assertThat(List.of(next(all), next(all), next(all), next(all))).hasSize(4);
      exchange.close();
      assertThat(some.next()).isEmpty();
    }
  }

  @Test
  void subscriberThatTakesNothingIsToldThatItMissedSome() throws Exception {
    try (Subscription idle = exchange.subscribe(List.of())) {
      for (int i = 0; i <= Subscription.MAX_WAITING; i++) {
        exchange.publish("ns", "/x", ImageCreate.getDefaultInstance());
      }
      assertThatThrownBy(idle::next)
          .isInstanceOf(ContainerdException.class)
          .hasMessageEndingWith(": unavailable");
    }
  }

  @Test
  void topicsAndEnvelopesAreChecked() {
    Any event = Any.getDefaultInstance();
    assertThatThrownBy(() -> exchange.publish("ns", "x", event))
        .hasMessage("envelope topic \"x\": must start with '/': invalid argument");
    assertThatThrownBy(() -> exchange.publish("ns", "/", event))
        .hasMessage("envelope topic \"/\": must have at least one component: invalid argument");
    assertThatThrownBy(() -> exchange.publish("ns", "/a//b", event))
        .hasMessageContaining("failed validation on component \"\"");
    assertThatThrownBy(
            () ->
                exchange.forward(
                    Envelope.newBuilder().setNamespace("ns").setTopic("/tasks/exit").build()))
        .hasMessage("timestamp must be set on forwarded event: invalid argument");
    assertThatThrownBy(() -> exchange.forward(Envelope.newBuilder().setTopic("/x").build()))
        .hasMessageStartingWith("event envelope has invalid namespace: ");
  }
}
