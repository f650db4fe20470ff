package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.InfoResponse;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls of a server that takes few of them at a time, and refuses others. */
@Timeout(60)
final class CallLimitTest {
  private static final int LIMIT = 2;
  private static final int SECONDS = 20;
  private static final String HELD = "held";

  @TempDir Path directory;

  private final Service service = new Service();
  private EventLoopGroup eventLoops;
  private ExecutorService executor;
  private Server server;
  private UnixChannel client;

  @BeforeEach
  void start() throws Exception {
    eventLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    executor = Executors.newVirtualThreadPerTaskExecutor();
    Path socket = directory.resolve("s");
    server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(eventLoops)
            .workerEventLoopGroup(eventLoops)
            .executor(executor)
            .maxConcurrentCallsPerConnection(LIMIT)
            .addService(service)
            .intercept(service)
            .build()
            .start();
    client = UnixChannel.connect(socket);
    assertThat(call("first")).isEqualTo("first");
  }

  @AfterEach
  void stop() throws Exception {
    service.released.release(1000);
    client.close();
    server.shutdownNow();
    assertThat(server.awaitTermination(SECONDS, TimeUnit.SECONDS)).isTrue();
    executor.close();
    var _ = eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Answers with what it was asked; {@link #HELD} not before it is released. */
  private static final class Service extends ContentGrpc.ContentImplBase
      implements ServerInterceptor {
    final Semaphore released = new Semaphore(0);
    final LinkedBlockingQueue<String> begun = new LinkedBlockingQueue<>();
    final AtomicInteger calls = new AtomicInteger();

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      calls.incrementAndGet();
      return next.startCall(call, headers);
    }

    @Override
    public void info(InfoRequest request, StreamObserver<InfoResponse> observer) {
      begun.add(request.getDigest());
      if (request.getDigest().equals(HELD)) {
        released.acquireUninterruptibly();
      }
      InfoResponse.Builder answer = InfoResponse.newBuilder();
      answer.getInfoBuilder().setDigest(request.getDigest());
      observer.onNext(answer.build());
      observer.onCompleted();
    }
  }

  private ContentGrpc.ContentBlockingStub content() {
    return ContentGrpc.newBlockingStub(client.channel());
  }

  private String call(String what) {
    return content().info(InfoRequest.newBuilder().setDigest(what).build()).getInfo().getDigest();
  }

  private Future<String> hold() {
    return executor.submit(() -> call(HELD));
  }

  private void awaitHeld(int calls) throws InterruptedException {
    for (int i = 0; i < calls; i++) {
      String begun = service.begun.poll(SECONDS, TimeUnit.SECONDS);
      if (!HELD.equals(begun)) {
        i--;
      }
      assertThat(begun).isNotNull();
    }
  }

  @Test
  void moreThanItTakesTakeTurns() throws Exception {
    List<Future<String>> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      String name = "n" + i;
      calls.add(executor.submit(() -> call(name)));
    }
    for (int i = 0; i < calls.size(); i++) {
      assertThat(calls.get(i).get(SECONDS, TimeUnit.SECONDS)).isEqualTo("n" + i);
    }
  }

  @Test
  void oneThatWaitsIsMadeOnceAnotherEnds() throws Exception {
    List<Future<String>> held = List.of(hold(), hold());
    awaitHeld(LIMIT);
    Future<String> waiting = executor.submit(() -> call("waiting"));
    service.released.release();
    assertThat(waiting.get(SECONDS, TimeUnit.SECONDS)).isEqualTo("waiting");
    service.released.release();
    for (Future<String> each : held) {
      assertThat(each.get(SECONDS, TimeUnit.SECONDS)).isEqualTo(HELD);
    }
  }

  @Test
  void oneThatWaitsTooLongEndsUnmade() throws Exception {
    List<Future<String>> held = List.of(hold(), hold());
    awaitHeld(LIMIT);
    int before = service.calls.get();
    assertThatThrownBy(
            () ->
                content()
                    .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                    .info(InfoRequest.newBuilder().setDigest("late").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    Context.CancellableContext context = Context.current().withCancellation();
    Future<String> cancelled = executor.submit(context.wrap(() -> call("cancelled")));
    context.cancel(new IOException("nobody wants it"));
    assertThatThrownBy(() -> cancelled.get(SECONDS, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("CANCELLED");
    service.released.release(LIMIT);
    for (Future<String> each : held) {
      assertThat(each.get(SECONDS, TimeUnit.SECONDS)).isEqualTo(HELD);
    }
    assertThat(call("after")).isEqualTo("after");
    assertThat(service.calls).hasValue(before + 1);
  }

  @Test
  void thoseThatWaitEndWithTheConnection() throws Exception {
    List<Future<String>> calls = new ArrayList<>(List.of(hold(), hold()));
    awaitHeld(LIMIT);
    calls.add(executor.submit(() -> call("waiting")));
    client.close();
    for (Future<String> each : calls) {
      assertThatThrownBy(() -> each.get(SECONDS, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("UNAVAILABLE");
    }
  }
}
