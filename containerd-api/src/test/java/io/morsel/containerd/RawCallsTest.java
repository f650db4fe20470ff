package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.InfoResponse;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.ReadContentResponse;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls whose answers nobody looks at, against a real server. */
@Timeout(60)
final class RawCallsTest {
  private static final int SECONDS = 20;

  @TempDir Path directory;

  private final Service service = new Service();
  private UnixServer server;

  @BeforeEach
  void start() throws IOException {
    server = UnixServer.start(socket(), List.of(service.bindService()), List.of(service));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path socket() {
    return directory.resolve("s");
  }

  /** Keeps what it was asked. */
  private static final class Service extends ContentGrpc.ContentImplBase
      implements ServerInterceptor {
    final LinkedBlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    final CountDownLatch waits = new CountDownLatch(1);
    final AtomicInteger sent = new AtomicInteger();

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      heard.add(String.valueOf(headers.get(CallHeaders.NAMESPACE)));
      return next.startCall(call, headers);
    }

    @Override
    public void info(InfoRequest request, StreamObserver<InfoResponse> observer) {
      heard.add(request.getDigest().length());
      if (request.getDigest().equals("never")) {
        waits.countDown();
      } else {
        observer.onError(Status.NOT_FOUND.asRuntimeException());
      }
    }

    @Override
    public void read(ReadContentRequest request, StreamObserver<ReadContentResponse> observer) {
      ByteString data = ByteString.copyFrom(new byte[(int) request.getSize()]);
      for (int i = 0; i < request.getOffset(); i++) {
        observer.onNext(ReadContentResponse.newBuilder().setData(data).build());
        sent.incrementAndGet();
      }
      observer.onCompleted();
    }

    @Override
    public StreamObserver<WriteContentRequest> write(
        StreamObserver<WriteContentResponse> observer) {
      return new StreamObserver<>() {
        @Override
        public void onNext(WriteContentRequest request) {
          heard.add(request.getData().size());
        }

        @Override
        public void onError(Throwable failure) {
          heard.add(failure);
        }

        @Override
        public void onCompleted() {
          heard.add("completed");
          observer.onCompleted();
        }
      };
    }
  }

  private static InfoRequest info(String what) {
    return InfoRequest.newBuilder().setDigest(what).build();
  }

  @Test
  void failedCallHasEndedLikeAnyOther() throws Exception {
    try (RawCalls calls = RawCalls.open(socket(), Map.of("containerd-namespace", "ns"))) {
      calls.call(ContentGrpc.getInfoMethod(), info("x".repeat(40_000)));
      calls.call(ContentGrpc.getInfoMethod(), info("y"));
    }
    assertThat(service.heard).containsExactly("ns", 40_000, "ns", 1);
  }

  @Test
  void allMessagesOfAStreamAreSent() throws Exception {
    try (RawCalls calls = RawCalls.open(socket())) {
      List<WriteContentRequest> requests =
          List.of(message(0), message(1), message(100_000), message(7));
      calls.call(ContentGrpc.getWriteMethod(), requests);
    }
    assertThat(service.heard).containsExactly("null", 0, 1, 100_000, 7, "completed");
  }

  private static WriteContentRequest message(int bytes) {
    return WriteContentRequest.newBuilder().setData(ByteString.copyFrom(new byte[bytes])).build();
  }

  @Test
  void answersLargerThanAnyWindowAreWaitedFor() throws Exception {
    try (RawCalls calls = RawCalls.open(socket())) {
      for (int i = 1; i <= 3; i++) {
        calls.call(
            ContentGrpc.getReadMethod(),
            ReadContentRequest.newBuilder().setOffset(80).setSize(100_000).build());
        assertThat(service.sent).hasValue(i * 80);
      }
    }
  }

  @Test
  void interruptedCallerGivesUpTheConnection() throws Exception {
    RawCalls calls = RawCalls.open(socket());
    CompletableFuture<Throwable> outcome = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    calls.call(ContentGrpc.getInfoMethod(), info("never"));
                  } catch (IOException | RuntimeException e) {
                    var _ =
                        outcome.complete(
                            Thread.currentThread().isInterrupted()
                                ? e
                                : new AssertionError("it does not know any more"));
                  }
                });
    assertThat(service.waits.await(SECONDS, TimeUnit.SECONDS)).isTrue();
    caller.interrupt();
    assertThat(outcome.get(SECONDS, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
    assertThatThrownBy(() -> calls.call(ContentGrpc.getInfoMethod(), info("late")))
        .isInstanceOf(IOException.class);
    assertThatCode(calls::close).doesNotThrowAnyException();
  }

  @Test
  void endOfTheConnectionIsNoEndOfACall() throws Exception {
    try (RawCalls calls = RawCalls.open(socket())) {
      calls.call(ContentGrpc.getInfoMethod(), info("here"));
      server.close();
      assertThatThrownBy(() -> calls.call(ContentGrpc.getInfoMethod(), info("gone")))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void nobodyListensIsSaidAtOnce() {
    assertThatThrownBy(() -> RawCalls.open(directory.resolve("none")))
        .isInstanceOf(IOException.class);
  }
}
