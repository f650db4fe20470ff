package io.morsel.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.ByteString;
import com.google.protobuf.StringValue;
import io.morsel.ttrpc.wire.Request;
import io.morsel.ttrpc.wire.Response;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server against clients that break the protocol: it answers as Go's ttrpc does, and goes on. */
@Timeout(60)
final class ProtocolTest {
  private static final TtrpcMethod<StringValue, StringValue> ECHO =
      TtrpcMethod.unary(
          "test.Texts", "Echo", StringValue.getDefaultInstance(), StringValue.getDefaultInstance());

  @TempDir private Path directory;
  private @Nullable TtrpcServer server;
  private @Nullable SocketChannel channel;

  @BeforeEach
  void start() throws IOException {
    server =
        TtrpcServer.builder().unary(ECHO, (request, _) -> request).start(directory.resolve("s"));
    channel = SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("s")));
  }

  @AfterEach
  void stop() throws IOException {
    if (channel != null) {
      channel.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private SocketChannel channel() {
    if (channel == null) {
      throw new IllegalStateException("no connection");
    }
    return channel;
  }

  private static ByteString request(String text) {
    return Request.newBuilder()
        .setService(ECHO.service())
        .setMethod(ECHO.name())
        .setPayload(StringValue.of(text).toByteString())
        .build()
        .toByteString();
  }

  private static void write(SocketChannel channel, Frame frame) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(frame.bytes());
    frame.putHeader(bytes);
    bytes.put(frame.payload().asReadOnlyByteBuffer()).flip();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Sends a frame and returns the answer, which must belong to the same call. */
  private Response exchange(Frame frame) throws IOException {
    write(channel(), frame);
    Inbound answer = new FrameReader(channel(), Frame.MAX_PAYLOAD_BYTES).read();
    if (!(answer instanceof Frame response)) {
      throw new AssertionError("no answer, but " + answer);
    }
    assertThat(response.type()).isEqualTo(Frame.RESPONSE);
    assertThat(response.streamId()).isEqualTo(frame.streamId());
    return Response.parseFrom(response.payload());
  }

  private void assertEchoes(int streamId) throws IOException {
    Response response = exchange(Frame.request(streamId, 0, request("hello")));
    assertThat(response.hasStatus()).isFalse();
    assertThat(StringValue.parseFrom(response.getPayload()).getValue()).isEqualTo("hello");
  }

  private void assertRefused(Frame frame, String why) throws IOException {
    Response response = exchange(frame);
    assertThat(response.getStatus().getCode()).isEqualTo(StatusCode.INVALID_ARGUMENT.number());
    assertThat(response.getStatus().getMessage()).contains(why);
  }

  @Test
  void brokenFramesAreAnswered() throws Exception {
    assertEchoes(1);
    assertRefused(Frame.request(2, 0, request("a")), "must be odd");
    assertRefused(Frame.request(1, 0, request("a")), "must increment");
    assertRefused(Frame.data(3, ByteString.EMPTY), "no longer active");
    assertRefused(Frame.request(3, 0, ByteString.copyFromUtf8("\u0001")), "unmarshal request");
    assertEchoes(5);
    Response refused =
        exchange(
            new Frame(7, Frame.REQUEST, (byte) 0, ByteString.copyFrom(new byte[(4 << 20) + 1])));
    assertThat(refused.getStatus().getCode()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED.number());
    assertThat(refused.getStatus().getMessage())
        .isEqualTo("message length 4194305 exceed maximum message size of 4194304");
    // Types of later versions are passed over.
    write(channel(), new Frame(9, (byte) 77, (byte) 0, ByteString.EMPTY));
    assertEchoes(11);
    // The highest id that there is, as an unsigned number.
    assertEchoes(-1);
  }

  @FuzzTest(maxDuration = "30s")
  void anyBytes(byte @NotNull [] bytes) throws Exception {
    try (SocketChannel hostile =
        SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("s")))) {
      ByteBuffer source = ByteBuffer.wrap(bytes);
      while (source.hasRemaining()) {
        hostile.write(source);
      }
    }
    try (TtrpcClient client = TtrpcClient.connect(directory.resolve("s"))) {
      assertThat(client.call(ECHO, StringValue.of("hello")).getValue()).isEqualTo("hello");
    }
  }
}
