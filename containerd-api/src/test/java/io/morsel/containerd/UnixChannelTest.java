package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.InfoResponse;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.ReadContentResponse;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import io.morsel.containerd.api.version.VersionGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of call, against gRPC's own server. */
@Timeout(60)
final class UnixChannelTest {
  private static final int SECONDS = 20;
  private static final Metadata.Key<byte[]> BINARY =
      Metadata.Key.of("test-bin", Metadata.BINARY_BYTE_MARSHALLER);

  @TempDir Path directory;

  private final Service service = new Service();
  private UnixServer server;
  private UnixChannel client;

  @BeforeEach
  void start() throws IOException {
    server = UnixServer.start(socket(), List.of(service.bindService()), List.of());
    client = UnixChannel.connect(socket());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private Path socket() {
    return directory.resolve("s");
  }

  private ContentGrpc.ContentBlockingStub content() {
    return ContentGrpc.newBlockingStub(client.channel());
  }

  private static InfoRequest info(String what) {
    return InfoRequest.newBuilder().setDigest(what).build();
  }

  /** Answers as the requests ask it to. */
  private static final class Service extends ContentGrpc.ContentImplBase {
    final CountDownLatch cancelled = new CountDownLatch(1);
    final AtomicInteger sent = new AtomicInteger();
    final CountDownLatch full = new CountDownLatch(1);

    @Override
    public void info(InfoRequest request, StreamObserver<InfoResponse> observer) {
      String what = request.getDigest();
      switch (what) {
        case "fail" -> {
          Metadata trailers = new Metadata();
          trailers.put(BINARY, new byte[] {0, -1, 7});
          observer.onError(
              Status.NOT_FOUND
                  .withDescription("a \u00fc\u4f60 % thing:\nno")
                  .asRuntimeException(trailers));
        }
        case "never" ->
            ((ServerCallStreamObserver<InfoResponse>) observer)
                .setOnCancelHandler(cancelled::countDown);
        default -> {
          var answer = InfoResponse.newBuilder();
          answer.getInfoBuilder().setDigest(what);
          observer.onNext(answer.build());
          observer.onCompleted();
        }
      }
    }

    /** As many messages as the offset says, of so many bytes. */
    @Override
    public void read(ReadContentRequest request, StreamObserver<ReadContentResponse> observer) {
      var out = (ServerCallStreamObserver<ReadContentResponse>) observer;
      out.setOnCancelHandler(cancelled::countDown);
      ByteString data = ByteString.copyFrom(new byte[(int) request.getSize()]);
      Runnable send =
          () -> {
            while (out.isReady() && sent.get() < request.getOffset()) {
              int number = sent.getAndIncrement();
              out.onNext(ReadContentResponse.newBuilder().setOffset(number).setData(data).build());
              if (number + 1 == request.getOffset()) {
                out.onCompleted();
              }
            }
            full.countDown();
          };
      out.setOnReadyHandler(send);
    }

    /** Says of each message how long it was. */
    @Override
    public StreamObserver<WriteContentRequest> write(
        StreamObserver<WriteContentResponse> observer) {
      return new StreamObserver<>() {
        @Override
        public void onNext(WriteContentRequest request) {
          observer.onNext(
              WriteContentResponse.newBuilder().setOffset(request.getData().size()).build());
        }

        @Override
        public void onError(Throwable failure) {
          cancelled.countDown();
        }

        @Override
        public void onCompleted() {
          observer.onCompleted();
        }
      };
    }
  }

  @Test
  void failureBringsItsCodeItsWordsAndItsTrailers() {
    assertThatThrownBy(() -> content().info(info("fail")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
              assertThat(e.getStatus().getDescription()).isEqualTo("a \u00fc\u4f60 % thing:\nno");
              assertThat(e.getTrailers().get(BINARY)).containsExactly(0, -1, 7);
            });
  }

  @Test
  void messagesLargerThanAnyWindowGoBothWays() throws Exception {
    String large = "x".repeat(6 << 20);
    assertThat(content().info(info(large)).getInfo().getDigest()).isEqualTo(large);
    assertThat(content().info(info("")).getInfo().getDigest()).isEmpty();
  }

  @Test
  void answerThatIsLargerThanItMayBeIsRefused() {
    assertThatThrownBy(
            () ->
                content()
                    .read(
                        ReadContentRequest.newBuilder()
                            .setOffset(1)
                            .setSize(UnixServer.MAX_MESSAGE_BYTES + 1L)
                            .build())
                    .next())
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("more than " + UnixServer.MAX_MESSAGE_BYTES);
    assertThat(content().info(info("after")).getInfo().getDigest()).isEqualTo("after");
  }

  @Test
  void streamIsReadInOrderToItsEnd() {
    Iterator<ReadContentResponse> answers =
        content().read(ReadContentRequest.newBuilder().setOffset(300).setSize(100_000).build());
    for (int i = 0; i < 300; i++) {
      ReadContentResponse answer = answers.next();
      assertThat(answer.getOffset()).isEqualTo(i);
      assertThat(answer.getData().size()).isEqualTo(100_000);
    }
    assertThat(answers.hasNext()).isFalse();
  }

  @Test
  void serverWaitsForReaderWhoTakesNothing() throws Exception {
    Context.CancellableContext context = Context.current().withCancellation();
    Iterator<ReadContentResponse> answers =
        context.call(
            () ->
                content()
                    .read(
                        ReadContentRequest.newBuilder()
                            .setOffset(1_000_000)
                            .setSize(100_000)
                            .build()));
    assertThat(answers.next().getOffset()).isZero();
    assertThat(service.full.await(SECONDS, TimeUnit.SECONDS)).isTrue();
    // Other calls go on, on the same connection.
    assertThat(content().info(info("meanwhile")).getInfo().getDigest()).isEqualTo("meanwhile");
    // A window, what the reader was given ahead, and what the server has between itself and those.
    assertThat(service.sent.get()).isLessThan(100);
    context.cancel(null);
    assertThat(service.cancelled.await(SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void bothSidesStream() throws Exception {
    var call = ContentGrpc.newBlockingV2Stub(client.channel()).write();
    for (int i = 1; i <= 50; i++) {
      int bytes = i * 20_000;
      assertThat(
              call.write(
                  WriteContentRequest.newBuilder()
                      .setData(ByteString.copyFrom(new byte[bytes]))
                      .build()))
          .isTrue();
      assertThat(call.read().getOffset()).isEqualTo(bytes);
    }
    call.halfClose();
    assertThat(call.read()).isNull();
  }

  @Test
  void listenersOfAsynchronousStubsHearInOrder() throws Exception {
    LinkedBlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    StreamObserver<WriteContentRequest> out =
        ContentGrpc.newStub(client.channel())
            .write(
                new StreamObserver<>() {
                  @Override
                  public void onNext(WriteContentResponse answer) {
                    heard.add(answer.getOffset());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    heard.add(failure);
                  }

                  @Override
                  public void onCompleted() {
                    heard.add("completed");
                  }
                });
    List<Object> expected = new ArrayList<>();
    for (long i = 0; i < 500; i++) {
      out.onNext(
          WriteContentRequest.newBuilder().setData(ByteString.copyFrom(new byte[(int) i])).build());
      expected.add(i);
    }
    out.onCompleted();
    expected.add("completed");
    for (Object each : expected) {
      assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(each);
    }
  }

  @Test
  void callThatTakesTooLongEndsHereAndThere() throws Exception {
    assertThatThrownBy(
            () -> content().withDeadlineAfter(200, TimeUnit.MILLISECONDS).info(info("never")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    assertThat(service.cancelled.await(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> content().withDeadlineAfter(-1, TimeUnit.SECONDS).info(info("late")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  @Test
  void lateCallIsSaidToBeLateWhoeverSeesItFirst() throws Exception {
    List<Future<Status.Code>> calls = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(20)) {
      for (int i = 0; i < 500; i++) {
        int millis = 20 + i % 30;
        calls.add(
            executor.submit(
                () -> {
                  try {
                    content().withDeadlineAfter(millis, TimeUnit.MILLISECONDS).info(info("never"));
                    return Status.Code.OK;
                  } catch (StatusRuntimeException e) {
                    return e.getStatus().getCode();
                  }
                }));
      }
    }
    for (Future<Status.Code> call : calls) {
      assertThat(call.get()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
  }

  @Test
  void interruptedCallerGivesUpItsCallAndNotTheConnection() throws Exception {
    UnixChannel before = client;
    LinkedBlockingQueue<Object> outcome = new LinkedBlockingQueue<>();
    Thread caller =
        new Thread(
            () -> {
              try {
                outcome.add(ContentGrpc.newBlockingV2Stub(before.channel()).info(info("never")));
              } catch (StatusException | RuntimeException e) {
                outcome.add(Status.fromThrowable(e).getCode());
              }
            });
    Future<Status.Code> other;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      other =
          executor.submit(
              () -> {
                try {
                  content().withDeadlineAfter(2, TimeUnit.SECONDS).info(info("never"));
                  return Status.Code.OK;
                } catch (StatusRuntimeException e) {
                  return e.getStatus().getCode();
                }
              });
      caller.start();
      caller.interrupt();
      assertThat(outcome.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(Status.Code.CANCELLED);
    }
    // Not UNAVAILABLE, which it would be on a connection that has ended.
    assertThat(other.get()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }

  @Test
  void manyCallAtATime() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> calls = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        String name = "n" + i + "-".repeat(i * 20);
        calls.add(executor.submit(() -> content().info(info(name)).getInfo().getDigest()));
      }
      for (int i = 0; i < 500; i++) {
        assertThat(calls.get(i).get()).startsWith("n" + i + (i == 0 ? "" : "-"));
      }
    }
  }

  @Test
  void serverThatComesBackIsFoundAgain() throws Exception {
    assertThat(content().info(info("a")).getInfo().getDigest()).isEqualTo("a");
    server.close();
    assertThatThrownBy(() -> content().info(info("b")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
        .hasMessageContaining(socket().toString());
    server = UnixServer.start(socket(), List.of(service.bindService()), List.of());
    assertThat(content().info(info("c")).getInfo().getDigest()).isEqualTo("c");
  }

  @Test
  void closingEndsCallsUnderWay() throws Exception {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Iterator<ReadContentResponse> answers =
          content()
              .read(ReadContentRequest.newBuilder().setOffset(1_000_000).setSize(1000).build());
      assertThat(answers.next().getOffset()).isZero();
      Future<?> rest = executor.submit(() -> answers.forEachRemaining(_ -> {}));
      client.close();
      assertThatThrownBy(rest::get).hasMessageContaining("UNAVAILABLE");
    }
    assertThatThrownBy(() -> content().info(info("late"))).hasMessageContaining("has been closed");
  }

  @Test
  void nobodyListensIsSaidAtOnce() {
    assertThatThrownBy(() -> UnixChannel.connect(directory.resolve("none")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void unknownServiceIsSaidToBeUnimplemented() {
    assertThatThrownBy(
            () -> VersionGrpc.newBlockingStub(client.channel()).version(Empty.getDefaultInstance()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
  }
}
