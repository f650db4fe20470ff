package io.morsel.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.morsel.containerd.api.shim.ConnectRequest;
import io.morsel.containerd.api.shim.ConnectResponse;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.types.RuntimeInfo;
import io.morsel.ttrpc.Metadata;
import io.morsel.ttrpc.TtrpcMethod;
import io.morsel.ttrpc.TtrpcServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shims that no Debian package has: of version 3, with a reply in JSON, and broken ones. A script
 * stands for the program and a ttrpc server for the process that it leaves behind.
 */
@Timeout(60)
final class ShimManagerTest {
  private static final TtrpcMethod<ConnectRequest, ConnectResponse> CONNECT =
      TtrpcMethod.unary(
          "containerd.task.v3.Task",
          "Connect",
          ConnectRequest.getDefaultInstance(),
          ConnectResponse.getDefaultInstance());

  @TempDir private Path directory;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final BlockingQueue<Metadata> metadata = new LinkedBlockingQueue<>();
  private Bundle bundle = new Bundle("", "", Path.of("/"));

  @BeforeEach
  void makeBundle() throws Exception {
    bundle =
        Bundle.create(
            directory.resolve("state"),
            directory.resolve("root"),
            "ns",
            "a",
            "{}".getBytes(StandardCharsets.UTF_8));
  }

  private ShimManager manager(Duration timeout) {
    return new ShimManager(
        new ShimSettings(
            Path.of("/grpc.sock"),
            Path.of("/ttrpc.sock"),
            Path.of("/bin/morsel"),
            true,
            Map.of("SCHED_CORE", "1"),
            timeout,
            timeout),
        (_, line) -> log.add(line));
  }

  private String program(String script) throws IOException {
    Path program = directory.resolve("containerd-shim-fake-v3");
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return program.toString();
  }

  private TtrpcServer serve() throws IOException {
    return TtrpcServer.builder()
        .unary(
            CONNECT,
            (request, context) -> {
              metadata.add(context.metadata());
              return ConnectResponse.newBuilder().setVersion(request.getId()).build();
            })
        .start(directory.resolve("s"));
  }

  @Test
  void versionThreeAndItsReply() throws Exception {
    String reply =
        "{\"version\":3,\"address\":\"unix://"
            + directory.resolve("s")
            + "\",\"protocol\":\"ttrpc\"}";
    String program =
        program(
            """
            echo "$@" > args; pwd > cwd; cat > options
            echo "$TTRPC_ADDRESS $GRPC_ADDRESS $NAMESPACE $SCHED_CORE" > environment
            echo hello > log
            echo a warning >&2
            echo '%s'"""
                .formatted(reply));
    Any options = Any.newBuilder().setTypeUrl("x").setValue(ByteString.copyFromUtf8("y")).build();
    try (TtrpcServer server = serve();
        Shim shim = manager(Duration.ofSeconds(50)).start(bundle, program, options)) {
      assertThat(shim.version()).isEqualTo(3);
      ConnectRequest request = ConnectRequest.newBuilder().setId("a").build();
      assertThat(shim.tasks().connect(request).getVersion()).isEqualTo("a");
      assertThat(metadata.take().first("containerd-namespace-ttrpc")).isEqualTo("ns");
      assertThat(bundle.path().resolve("args"))
          .hasContent(
              "-namespace ns -address /grpc.sock -publish-binary /bin/morsel -id a -debug start");
      assertThat(bundle.path().resolve("cwd")).hasContent(bundle.path().toRealPath().toString());
      assertThat(bundle.path().resolve("environment")).hasContent("/ttrpc.sock /grpc.sock ns 1");
      assertThat(Files.readAllBytes(bundle.path().resolve("options")))
          .isEqualTo(options.toByteArray());
      assertThat(log.take()).isEqualTo("hello");
      try (Shim again = manager(Duration.ofSeconds(50)).reconnect(bundle)) {
        assertThat(again.version()).isEqualTo(3);
      }
      assertThat(server.stop(Duration.ofSeconds(50))).isTrue();
      shim.ended().get(50, TimeUnit.SECONDS);
    }
  }

  @Test
  void failuresSayWhatTheProgramSaid() throws Exception {
    String program = program("echo no such kernel >&2; exit 4");
    assertThatThrownBy(() -> manager(Duration.ofSeconds(50)).start(bundle, program, null))
        .isInstanceOf(ShimException.class)
        .hasMessageContaining("start of container a failed with exit code 4: no such kernel");
    assertThat(bundle.path().toFile().list())
        .containsExactlyInAnyOrder("config.json", "log", "rootfs", "shim-binary-path", "work");
  }

  @Test
  void aProgramThatHangsIsKilled() throws Exception {
    String program = program("exec sleep 1000");
    assertThatThrownBy(() -> manager(Duration.ofMillis(100)).start(bundle, program, null))
        .hasMessageContaining("was killed");
  }

  @Test
  void deleteReadsTheBinaryResponseAndRemovesTheBundle() throws Exception {
    DeleteResponse response = DeleteResponse.newBuilder().setPid(7).setExitStatus(9).build();
    Files.write(directory.resolve("response"), response.toByteArray());
    String program =
        program(
            """
            echo "$@" > %1$s/args; cat %1$s/response"""
                .formatted(directory));
    assertThatThrownBy(() -> manager(Duration.ofSeconds(50)).delete(bundle))
        .hasMessageContaining("does not say");
    bundle.rememberBinary(Path.of(program));
    Path socket = directory.resolve("dead");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(socket));
    }
    bundle.rememberAddress(new ShimAddress(2, ShimAddress.Protocol.TTRPC, "unix://" + socket));
    assertThat(manager(Duration.ofSeconds(50)).delete(bundle)).isEqualTo(response);
    assertThat(socket).doesNotExist();
    assertThat(directory.resolve("args")).content().contains("-bundle " + bundle.path());
    assertThat(bundle.path()).doesNotExist();
  }

  /** The envelope of the options reads as an answer with their type as its name. */
  @Test
  void aRuntimeIsAskedWhatItCanDo() throws Exception {
    String program = program("[ \"$1\" = -info ] && exec cat");
    ShimManager shims = manager(Duration.ofSeconds(30));
    Any options = Any.newBuilder().setTypeUrl("some.Options").build();
    assertThat(shims.info(program, options).getName()).isEqualTo("some.Options");
    assertThat(shims.info(program, null)).isEqualTo(RuntimeInfo.getDefaultInstance());
  }

  @Test
  void aRuntimeThatCannotTellWhatItCanDo() throws Exception {
    ShimManager shims = manager(Duration.ofSeconds(30));
    String failing = program("echo flag provided but not defined: -info >&2; exit 2");
    assertThatThrownBy(() -> shims.info(failing, null))
        .isInstanceOf(ShimException.class)
        .hasMessageContaining("-info failed with exit code 2: flag provided but not defined");
    String talking = program("echo all that it can");
    assertThatThrownBy(() -> shims.info(talking, null))
        .isInstanceOf(ShimException.class)
        .hasMessageContaining("answered with no RuntimeInfo");
    assertThatThrownBy(() -> shims.info("io.containerd.none.v9", null))
        .isInstanceOf(ShimException.class)
        .hasMessageContaining("containerd-shim-none-v9");
  }
}
