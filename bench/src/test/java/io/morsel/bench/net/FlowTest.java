package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FlowTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final BufferPool pool = new BufferPool(32 << 10);
  private final Pacer pacer = Pacer.start("test", Shape.of(Net.parse("1gbit,1ms")));

  @AfterEach
  void close() {
    pacer.close();
  }

  @Test
  void aReceiverThatDoesNotTakeAnythingStopsTheSender() throws Exception {
    Flow flow = new Flow(pacer, 0, pool);
    int capacity = pacer.shape().capacityBytes();
    long put = 0;
    while (flow.heldBytes() < capacity) {
      int bytes = Objects.requireNonNull(flow.space()).remaining();
      flow.arrived(bytes);
      put += bytes;
    }
    assertThat(put).isEqualTo(capacity);

    FutureTask<ByteBuffer> more = new FutureTask<>(flow::space);
    Thread sender = Thread.ofPlatform().daemon().start(more);
    Await.until("the sender waits", LIMIT, () -> sender.getState() == Thread.State.WAITING);

    int taken = Objects.requireNonNull(flow.due()).remaining();
    flow.delivered(taken);
    assertThat(more.get().remaining()).isBetween(1, taken);
  }

  @Test
  void everythingIsDeliveredInTheEnd() throws Exception {
    Flow flow = new Flow(pacer, 0, pool);
    int capacity = pacer.shape().capacityBytes();
    while (flow.heldBytes() < capacity) {
      flow.arrived(Objects.requireNonNull(flow.space()).remaining());
    }
    while (flow.heldBytes() > 0) {
      flow.delivered(Objects.requireNonNull(flow.due()).remaining());
    }
    flow.end(true);

    assertThat(flow.due()).isNull();
    assertThat(flow.endedByReset()).isTrue();
  }

  @Test
  void abandoningFreesWhoWaits() throws Exception {
    Flow flow = new Flow(pacer, 0, pool);
    FutureTask<ByteBuffer> due = new FutureTask<>(flow::due);
    Thread receiver = Thread.ofPlatform().daemon().start(due);
    Await.until("the receiver waits", LIMIT, () -> receiver.getState() == Thread.State.WAITING);

    flow.abandon();

    assertThat(due.get()).isNull();
    assertThat(flow.space()).isNull();
  }

  @Test
  void theEndComesAfterTheBytes() throws Exception {
    Flow flow = new Flow(pacer, 0, pool);
    Objects.requireNonNull(flow.space()).put(new byte[] {1, 2, 3});
    flow.arrived(3);
    flow.end(false);

    ByteBuffer due = Objects.requireNonNull(flow.due());
    assertThat(due).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    flow.delivered(3);
    assertThat(flow.due()).isNull();
    assertThat(flow.endedByReset()).isFalse();
  }
}
