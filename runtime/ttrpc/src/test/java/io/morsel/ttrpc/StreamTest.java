package io.morsel.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Int32Value;
import io.morsel.ttrpc.TtrpcMethod.Kind;
import io.morsel.ttrpc.wire.Request;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls with streams, as PROTOCOL.md of ttrpc 1.2 draws them. */
@Timeout(60)
final class StreamTest {
  private static final TtrpcMethod<Int32Value, Int32Value> SUM =
      method("Sum", Kind.CLIENT_STREAMING);
  private static final TtrpcMethod<Int32Value, Int32Value> COUNT =
      method("Count", Kind.SERVER_STREAMING);
  private static final TtrpcMethod<Int32Value, Int32Value> ECHO =
      method("Echo", Kind.BIDIRECTIONAL);
  private static final TtrpcMethod<Int32Value, Int32Value> SLOW =
      method("Slow", Kind.CLIENT_STREAMING);

  @TempDir private Path directory;
  private final CountDownLatch never = new CountDownLatch(1);
  private @Nullable TtrpcServer server;
  private @Nullable TtrpcClient client;

  private static TtrpcMethod<Int32Value, Int32Value> method(String name, Kind kind) {
    return TtrpcMethod.of(
        "test.Numbers",
        name,
        kind,
        Int32Value.getDefaultInstance(),
        Int32Value.getDefaultInstance());
  }

  @BeforeEach
  void start() throws IOException {
    server =
        TtrpcServer.builder().stream(SUM, (stream, _) -> sum(stream)).stream(
                COUNT, (stream, _) -> count(stream))
            .stream(ECHO, (stream, _) -> echo(stream))
            .stream(SLOW, (_, _) -> never.await())
            .limits(new Limits(10, 10, 1000, Duration.ofMillis(20)))
            .start(directory.resolve("s"));
    client = TtrpcClient.connect(directory.resolve("s"));
  }

  private static void sum(ServerStream<Int32Value, Int32Value> stream)
      throws TtrpcException, InterruptedException {
    int sum = 0;
    Int32Value next = stream.receive();
    while (next != null) {
      sum += next.getValue();
      next = stream.receive();
    }
    stream.send(Int32Value.of(sum));
  }

  private static void count(ServerStream<Int32Value, Int32Value> stream)
      throws TtrpcException, InterruptedException {
    Int32Value to = stream.receive();
    for (int i = 0; to != null && i < to.getValue(); i++) {
      stream.send(Int32Value.of(i));
    }
    if (to == null || to.getValue() < 0) {
      throw new TtrpcException(StatusCode.OUT_OF_RANGE, "can't count down");
    }
  }

  private static void echo(ServerStream<Int32Value, Int32Value> stream)
      throws TtrpcException, InterruptedException {
    Int32Value next = stream.receive();
    while (next != null) {
      stream.send(next);
      next = stream.receive();
    }
  }

  @AfterEach
  void stop() {
    client().close();
    if (server != null) {
      server.close();
    }
  }

  private TtrpcClient client() {
    if (client == null) {
      throw new IllegalStateException("no client");
    }
    return client;
  }

  private static List<Integer> drain(ClientStream<Int32Value, Int32Value> stream)
      throws TtrpcException, InterruptedException {
    List<Integer> values = new ArrayList<>();
    Int32Value next = stream.receive();
    while (next != null) {
      values.add(next.getValue());
      next = stream.receive();
    }
    return values;
  }

  @Test
  void clientStreams() throws Exception {
    try (ClientStream<Int32Value, Int32Value> stream = client().open(SUM, CallOptions.DEFAULT)) {
      // Zero is an empty message, which is a message all the same.
      for (int i = 0; i <= 100; i++) {
        stream.send(Int32Value.of(i));
      }
      assertThat(stream.result().getValue()).isEqualTo(5050);
      assertThatThrownBy(() -> stream.send(Int32Value.of(1)))
          .isInstanceOf(IllegalStateException.class);
    }
    try (ClientStream<Int32Value, Int32Value> stream = client().open(SUM, CallOptions.DEFAULT)) {
      assertThat(stream.result().getValue()).isZero();
    }
  }

  @Test
  void serverStreams() throws Exception {
    try (ClientStream<Int32Value, Int32Value> stream =
        client().open(COUNT, Int32Value.of(50), CallOptions.DEFAULT)) {
      assertThat(drain(stream)).hasSize(50).startsWith(0, 1).endsWith(48, 49);
      assertThat(stream.receive()).isNull();
    }
    try (ClientStream<Int32Value, Int32Value> stream =
        client().open(COUNT, Int32Value.of(0), CallOptions.DEFAULT)) {
      assertThat(drain(stream)).isEmpty();
    }
    try (ClientStream<Int32Value, Int32Value> stream =
        client().open(COUNT, Int32Value.of(-1), CallOptions.DEFAULT)) {
      assertThatThrownBy(stream::receive)
          .isInstanceOfSatisfying(
              TtrpcException.class, e -> assertThat(e.code()).isEqualTo(StatusCode.OUT_OF_RANGE));
    }
  }

  @Test
  void bothStream() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        ClientStream<Int32Value, Int32Value> stream = client().open(ECHO, CallOptions.DEFAULT)) {
      Future<List<Integer>> received = executor.submit(() -> drain(stream));
      for (int i = 0; i < 1000; i++) {
        stream.send(Int32Value.of(i));
      }
      stream.endSending();
      assertThat(received.get()).hasSize(1000).startsWith(0, 1, 2).endsWith(999);
    }
  }

  @Test
  void aHandlerThatTakesNothingFailsItsCallAlone() throws Exception {
    try (ClientStream<Int32Value, Int32Value> stream = client().open(SLOW, CallOptions.DEFAULT)) {
      for (int i = 0; i < 100; i++) {
        stream.send(Int32Value.of(i));
      }
      assertThatThrownBy(stream::receive)
          .isInstanceOfSatisfying(
              TtrpcException.class,
              e -> assertThat(e.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED));
    }
    try (ClientStream<Int32Value, Int32Value> other = client().open(SUM, CallOptions.DEFAULT)) {
      other.send(Int32Value.of(7));
      assertThat(other.result().getValue()).isEqualTo(7);
    }
  }

  @Test
  void framesAreThoseOfTheProtocol() throws Exception {
    try (SocketChannel channel =
        SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("s")))) {
      Request request =
          Request.newBuilder()
              .setService(COUNT.service())
              .setMethod(COUNT.name())
              .setPayload(Int32Value.of(2).toByteString())
              .build();
      FrameWriter writer = new FrameWriter(channel);
      writer.start("writer", e -> {});
      writer.offer(Frame.request(1, Frame.REMOTE_CLOSED, request.toByteString()), Deadline.NONE);
      FrameReader reader = new FrameReader(channel, 1000);
      assertThat(reader.read()).isEqualTo(Frame.data(1, Int32Value.of(0).toByteString()));
      assertThat(reader.read()).isEqualTo(Frame.data(1, Int32Value.of(1).toByteString()));
      assertThat(reader.read()).isEqualTo(Frame.end(1));
      writer.close();
    }
  }
}
