package io.morsel.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Int32Value;
import com.google.protobuf.StringValue;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls with one request and one response, between this library's client and server. */
@Timeout(60)
final class UnaryTest {
  private static final TtrpcMethod<Int32Value, Int32Value> DOUBLE =
      TtrpcMethod.unary(
          "test.Numbers",
          "Double",
          Int32Value.getDefaultInstance(),
          Int32Value.getDefaultInstance());
  private static final TtrpcMethod<StringValue, StringValue> TEXT =
      TtrpcMethod.unary(
          "test.Texts", "Text", StringValue.getDefaultInstance(), StringValue.getDefaultInstance());
  private static final TtrpcMethod<Int32Value, BytesValue> BYTES =
      TtrpcMethod.unary(
          "test.Texts", "Bytes", Int32Value.getDefaultInstance(), BytesValue.getDefaultInstance());

  @TempDir private Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  private Path socket() {
    return directory.resolve("s");
  }

  private TtrpcServer serve(TtrpcServer.Builder builder) throws IOException {
    TtrpcServer server = builder.start(socket());
    opened.add(server);
    return server;
  }

  private TtrpcClient connect() throws IOException {
    TtrpcClient client = TtrpcClient.connect(socket());
    opened.add(client);
    return client;
  }

  private static TtrpcServer.Builder text(UnaryHandler<StringValue, StringValue> handler) {
    return TtrpcServer.builder().unary(TEXT, handler);
  }

  @Test
  void manyCallsShareAConnection() throws Exception {
    CountDownLatch all = new CountDownLatch(100);
    serve(
        TtrpcServer.builder()
            .unary(
                DOUBLE,
                (request, _) -> {
                  // Nobody is answered before everybody has asked.
                  all.countDown();
                  all.await();
                  return Int32Value.of(2 * request.getValue());
                }));
    TtrpcClient client = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Int32Value request = Int32Value.of(i);
        answers.add(executor.submit(() -> client.call(DOUBLE, request).getValue()));
      }
      for (int i = 0; i < 100; i++) {
        assertThat(answers.get(i).get()).isEqualTo(2 * i);
      }
    }
  }

  @Test
  void errorsArriveAsTheyWereThrown() throws Exception {
    serve(
        text(
            (request, _) -> {
              if (request.getValue().equals("bug")) {
                throw new IllegalStateException("a bug");
              }
              throw new TtrpcException(StatusCode.NOT_FOUND, "container x: not found");
            }));
    TtrpcClient client = connect();
    assertFails(client, "a", StatusCode.NOT_FOUND).hasMessage("container x: not found");
    assertFails(client, "bug", StatusCode.INTERNAL).hasMessageContaining("a bug");
    assertThatThrownBy(() -> client.call(DOUBLE, Int32Value.of(1)))
        .asInstanceOf(type(TtrpcException.class))
        .returns(StatusCode.UNIMPLEMENTED, TtrpcException::code)
        .returns("service test.Numbers", Throwable::getMessage);
    assertThatThrownBy(() -> client.call(BYTES, Int32Value.of(1)))
        .asInstanceOf(type(TtrpcException.class))
        .returns(StatusCode.UNIMPLEMENTED, TtrpcException::code)
        .returns("method Bytes", Throwable::getMessage);
  }

  @Test
  void metadataAndDeadlineReachTheHandler() throws Exception {
    BlockingQueue<CallContext> seen = new ArrayBlockingQueue<>(1);
    serve(
        text(
            (request, context) -> {
              seen.add(context);
              return request;
            }));
    Metadata metadata = Metadata.of("Name", "a").with("name", "b").with("other", "");
    connect()
        .call(
            TEXT,
            StringValue.of(""),
            CallOptions.DEFAULT.withMetadata(metadata).withTimeout(Duration.ofMinutes(1)));
    CallContext context = seen.take();
    assertThat(context.metadata()).isEqualTo(metadata);
    assertThat(context.metadata().all("NAME")).containsExactly("a", "b");
    assertThat(context.remaining()).isPositive().isLessThanOrEqualTo(Duration.ofMinutes(1));
  }

  @Test
  void deadlineEndsBothSides() throws Exception {
    SynchronousQueue<String> interrupted = new SynchronousQueue<>();
    serve(
        text(
            (request, _) -> {
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.put("interrupted");
                throw e;
              }
              return request;
            }));
    TtrpcClient client = connect();
    assertThatThrownBy(
            () ->
                client.call(
                    TEXT,
                    StringValue.of("a"),
                    CallOptions.DEFAULT.withTimeout(Duration.ofMillis(50))))
        .asInstanceOf(type(TtrpcException.class))
        .returns(StatusCode.DEADLINE_EXCEEDED, TtrpcException::code);
    assertThat(interrupted.take()).isEqualTo("interrupted");
  }

  @Test
  void anInterruptedCallLeavesTheOthersAlone() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    serve(
        text(
            (request, _) -> {
              if (request.getValue().equals("wait")) {
                asked.countDown();
                never.await();
              }
              return request;
            }));
    TtrpcClient client = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StringValue> waiting =
          executor.submit(() -> client.call(TEXT, StringValue.of("wait")));
      asked.await();
      waiting.cancel(true);
      assertThat(client.call(TEXT, StringValue.of("b")).getValue()).isEqualTo("b");
    }
    assertThat(client.isOpen()).isTrue();
  }

  @Test
  void aLostConnectionFailsEveryCallAndInterruptsEveryHandler() throws Exception {
    CountDownLatch asked = new CountDownLatch(20);
    CountDownLatch interrupted = new CountDownLatch(20);
    TtrpcServer server =
        serve(
            text(
                (request, _) -> {
                  asked.countDown();
                  try {
                    new CountDownLatch(1).await();
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                    throw e;
                  }
                  return request;
                }));
    TtrpcClient client = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<StringValue>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        calls.add(executor.submit(() -> client.call(TEXT, StringValue.of("a"))));
      }
      asked.await();
      server.close();
      for (Future<StringValue> call : calls) {
        assertThatThrownBy(call::get)
            .cause()
            .isInstanceOf(ConnectionLostException.class)
            .hasMessageContaining("test.Texts/Text");
      }
    }
    interrupted.await();
    client.closed().get();
    assertThat(client.isOpen()).isFalse();
    assertThatThrownBy(() -> client.call(TEXT, StringValue.of("a")))
        .isInstanceOf(ConnectionLostException.class);
  }

  @Test
  void tooLongMessagesAreRefusedAndTheConnectionGoesOn() throws Exception {
    serve(
        text((request, _) -> request)
            .unary(
                BYTES,
                (request, _) -> BytesValue.of(ByteString.copyFrom(new byte[request.getValue()])))
            .limits(new Limits(10, 10, 100_000, Duration.ofSeconds(1))));
    TtrpcClient client = connect();
    assertFails(client, "x".repeat(5 << 20), StatusCode.RESOURCE_EXHAUSTED)
        .hasMessageContaining("4194304 at most");
    assertFails(client, "x".repeat(200_000), StatusCode.RESOURCE_EXHAUSTED)
        .hasMessageContaining("exceed maximum message size of 100000");
    assertThatThrownBy(() -> client.call(BYTES, Int32Value.of(5 << 20)))
        .asInstanceOf(type(TtrpcException.class))
        .returns(StatusCode.RESOURCE_EXHAUSTED, TtrpcException::code);
    assertThat(client.call(BYTES, Int32Value.of(4_000_000)).getValue().size()).isEqualTo(4_000_000);
    assertThat(client.call(TEXT, StringValue.of("b")).getValue()).isEqualTo("b");
  }

  @Test
  void callsPerConnectionAreBounded() throws Exception {
    CountDownLatch asked = new CountDownLatch(2);
    CountDownLatch go = new CountDownLatch(1);
    serve(
        text((request, _) -> {
              asked.countDown();
              go.await();
              return request;
            })
            .limits(new Limits(10, 2, 1000, Duration.ofSeconds(1))));
    TtrpcClient client = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StringValue> first = executor.submit(() -> client.call(TEXT, StringValue.of("1")));
      Future<StringValue> second = executor.submit(() -> client.call(TEXT, StringValue.of("2")));
      asked.await();
      assertFails(client, "3", StatusCode.RESOURCE_EXHAUSTED);
      go.countDown();
      assertThat(first.get().getValue()).isEqualTo("1");
      assertThat(second.get().getValue()).isEqualTo("2");
    }
  }

  @Test
  void connectionsAreBounded() throws Exception {
    serve(text((request, _) -> request).limits(new Limits(1, 2, 1000, Duration.ofSeconds(1))));
    TtrpcClient first = connect();
    assertThat(first.call(TEXT, StringValue.of("1")).getValue()).isEqualTo("1");
    TtrpcClient second = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StringValue> waiting = executor.submit(() -> second.call(TEXT, StringValue.of("2")));
      assertThat(first.call(TEXT, StringValue.of("1")).getValue()).isEqualTo("1");
      assertThat(waiting.isDone()).isFalse();
      first.close();
      assertThat(waiting.get().getValue()).isEqualTo("2");
    }
  }

  @Test
  void stopWaitsForCallsUnderWay() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    TtrpcServer server =
        serve(
            text(
                (request, _) -> {
                  asked.countDown();
                  go.await();
                  return request;
                }));
    TtrpcClient client = connect();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StringValue> call = executor.submit(() -> client.call(TEXT, StringValue.of("a")));
      asked.await();
      Future<Boolean> stopped = executor.submit(() -> server.stop(Duration.ofMinutes(1)));
      // Once the socket's file is gone, the server refuses.
      while (Files.exists(socket())) {
        Thread.onSpinWait();
      }
      assertFails(client, "b", StatusCode.UNAVAILABLE).hasMessageContaining("shutting down");
      go.countDown();
      assertThat(call.get().getValue()).isEqualTo("a");
      assertThat(stopped.get()).isTrue();
    }
    client.closed().get();
  }

  @Test
  void theSocketIsItsOwnersAndReplacesADeadOne() throws Exception {
    TtrpcServer server = serve(text((request, _) -> request));
    assertThat(Files.getPosixFilePermissions(socket()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThatThrownBy(() -> text((request, _) -> request).start(socket()))
        .hasMessageContaining("another process listens there");
    server.close();
    assertThat(socket()).doesNotExist();
    // What a killed server leaves: a socket that nobody listens on.
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(socket()))
        .close();
    serve(text((request, _) -> request));
    assertThat(connect().call(TEXT, StringValue.of("a")).getValue()).isEqualTo("a");
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> text((request, _) -> request).start(file))
        .hasMessageContaining("not a socket");
  }

  @Test
  void connectingToNobodySaysSo() {
    assertThatThrownBy(() -> TtrpcClient.connect(directory.resolve("nobody")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nobody");
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      TtrpcClient client, String text, StatusCode code) {
    return assertThatThrownBy(() -> client.call(TEXT, StringValue.of(text)))
        .isInstanceOfSatisfying(TtrpcException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
