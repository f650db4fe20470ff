package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Empty;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.version.VersionGrpc;
import io.morsel.containerd.api.version.VersionResponse;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnixServerTest {
  @TempDir Path directory;

  private final AtomicReference<String> seen = new AtomicReference<>("");

  private final ServerInterceptor recorder =
      new ServerInterceptor() {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
          seen.set(
              call.getAuthority()
                  + " "
                  + headers.get(CallHeaders.NAMESPACE)
                  + " "
                  + headers.get(CallHeaders.LEASE));
          return next.startCall(call, headers);
        }
      };

  @Test
  void clientReachesServerWithNamespaceLeaseAndLocalhostAsAuthority() throws Exception {
    Path socket = directory.resolve("sub/morsel.sock");
    try (UnixServer _ = start(socket);
        UnixChannel client = UnixChannel.open(socket)) {
      VersionResponse response =
          VersionGrpc.newBlockingStub(
                  client.channel(CallHeaders.namespace("k8s.io"), CallHeaders.lease("l1")))
              .version(Empty.getDefaultInstance());
      assertThat(response.getVersion()).isEqualTo("7");
      assertThat(seen.get()).isEqualTo("localhost k8s.io l1");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");
    }
    assertThat(socket).doesNotExist();
    try (var left = Files.list(socket.resolveSibling(""))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void socketInUseIsRefusedAndStaysUsable() throws Exception {
    Path socket = directory.resolve("a.sock");
    try (UnixServer _ = start(socket);
        UnixChannel client = UnixChannel.open(socket)) {
      assertThatThrownBy(() -> start(socket))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(socket.toString())
          .hasMessageContaining("another process listens there");
      assertThat(
              VersionGrpc.newBlockingStub(client.channel())
                  .version(Empty.getDefaultInstance())
                  .getVersion())
          .isEqualTo("7");
    }
  }

  @Test
  void staleSocketIsReplaced() throws Exception {
    Path socket = directory.resolve("a.sock");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    try (UnixServer _ = start(socket);
        UnixChannel client = UnixChannel.open(socket)) {
      VersionResponse response =
          VersionGrpc.newBlockingStub(client.channel()).version(Empty.getDefaultInstance());
      assertThat(response.getVersion()).isEqualTo("7");
    }
  }

  @Test
  void fileThatIsNoSocketIsKept() throws Exception {
    Path file = Files.writeString(directory.resolve("a.sock"), "precious");
    assertThatThrownBy(() -> start(file)).hasMessageContaining("not a socket");
    assertThat(file).hasContent("precious");
  }

  @Test
  void pathTooLongForUnixSocketIsNamed() {
    Path socket = directory.resolve("x".repeat(120));
    assertThatThrownBy(() -> start(socket)).hasMessageContaining("too long for a Unix socket");
  }

  @Test
  void classOfErrorSurvivesTheWire() throws Exception {
    Path socket = directory.resolve("a.sock");
    VersionGrpc.VersionImplBase failing =
        new VersionGrpc.VersionImplBase() {
          @Override
          public void version(Empty request, StreamObserver<VersionResponse> observer) {
            observer.onError(
                new ContainerdException(ErrorClass.FAILED_PRECONDITION, "layer x").toStatus());
          }
        };
    try (UnixServer _ = UnixServer.start(socket, List.of(failing.bindService()), List.of());
        UnixChannel client = UnixChannel.open(socket)) {
      assertThatThrownBy(
              () ->
                  VersionGrpc.newBlockingStub(client.channel()).version(Empty.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(ContainerdException.of(e).errorClass())
                    .isEqualTo(ErrorClass.FAILED_PRECONDITION);
                assertThat(ContainerdException.of(e)).hasMessage("layer x: failed precondition");
              });
    }
  }

  @Test
  void unknownMethodIsUnimplementedAndGoneServerUnavailable() throws Exception {
    Path socket = directory.resolve("a.sock");
    UnixServer server = UnixServer.start(socket, List.of(), List.of());
    try (UnixChannel client = UnixChannel.open(socket)) {
      assertThat(statusOf(client)).isEqualTo(Status.Code.UNIMPLEMENTED);
      assertThat(server.stop(Duration.ofSeconds(5))).isTrue();
      assertThat(statusOf(client)).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  private static Status.Code statusOf(UnixChannel client) {
    try {
      VersionGrpc.newBlockingStub(client.channel()).version(Empty.getDefaultInstance());
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  private UnixServer start(Path socket) throws IOException {
    VersionGrpc.VersionImplBase service =
        new VersionGrpc.VersionImplBase() {
          @Override
          public void version(Empty request, StreamObserver<VersionResponse> observer) {
            observer.onNext(VersionResponse.newBuilder().setVersion("7").build());
            observer.onCompleted();
          }
        };
    return UnixServer.start(socket, List.of(service.bindService()), List.of(recorder));
  }
}
