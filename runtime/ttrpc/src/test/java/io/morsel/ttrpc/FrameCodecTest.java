package io.morsel.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Frames on the wire: any frames come back as they were, and any bytes are frames or an error. */
final class FrameCodecTest {
  private static final int MAX_PAYLOAD_BYTES = 1000;

  /** Gives a few bytes at a time, as sockets do. */
  private record Trickle(ReadableByteChannel source, Random random) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer target) throws IOException {
      ByteBuffer part = target.duplicate();
      part.limit(part.position() + 1 + random.nextInt(part.remaining()));
      int n = source.read(part);
      if (n > 0) {
        target.position(target.position() + n);
      }
      return n;
    }

    @Override
    public boolean isOpen() {
      return source.isOpen();
    }

    @Override
    public void close() throws IOException {
      source.close();
    }
  }

  @Test
  void headerIsBigEndian() throws Exception {
    byte[] bytes = write(List.of(Frame.request(0x01020305, 2, ByteString.copyFromUtf8("hi"))));
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("00000002010203050102" + "6869");
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      byte[] payload = new byte[random.nextInt(MAX_PAYLOAD_BYTES + 1)];
      random.nextBytes(payload);
      frames.add(
          new Frame(
              random.nextInt(),
              (byte) random.nextInt(),
              (byte) random.nextInt(),
              ByteString.copyFrom(payload)));
    }
    ReadableByteChannel source = new Trickle(source(write(frames)), random);
    FrameReader reader = new FrameReader(source, MAX_PAYLOAD_BYTES, 1 + random.nextInt(3000));
    List<Inbound> read = new ArrayList<>();
    Inbound inbound = reader.read();
    while (inbound != null) {
      read.add(inbound);
      inbound = reader.read();
    }
    assertThat(read).as("seed %d", seed).isEqualTo(frames);
  }

  @Test
  void tooLongFramesArePassedOver() throws Exception {
    Frame small = Frame.response(3, ByteString.copyFromUtf8("ok"));
    byte[] bytes =
        write(List.of(Frame.data(1, ByteString.copyFrom(new byte[MAX_PAYLOAD_BYTES + 1])), small));
    FrameReader reader = new FrameReader(source(bytes), MAX_PAYLOAD_BYTES, 64);
    assertThat(reader.read())
        .isEqualTo(new Inbound.Oversized(1, Frame.DATA, MAX_PAYLOAD_BYTES + 1));
    assertThat(reader.read()).isEqualTo(small);
    assertThat(reader.read()).isNull();
  }

  @Test
  void anEndWithinAFrameIsAnError() throws Exception {
    byte[] bytes = write(List.of(Frame.data(1, ByteString.copyFromUtf8("payload"))));
    for (int length = 1; length < bytes.length; length++) {
      ByteBuffer part = ByteBuffer.wrap(bytes, 0, length);
      byte[] cut = new byte[length];
      part.get(cut);
      assertThatThrownBy(() -> new FrameReader(source(cut), MAX_PAYLOAD_BYTES).read())
          .isInstanceOf(EOFException.class);
    }
  }

  @FuzzTest(maxDuration = "30s")
  void anyBytes(byte @NotNull [] bytes) throws Exception {
    FrameReader reader = new FrameReader(source(bytes), MAX_PAYLOAD_BYTES, 32);
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    boolean passedOver = false;
    try {
      Inbound inbound = reader.read();
      while (inbound != null) {
        switch (inbound) {
          case Frame frame -> {
            assertThat(frame.payload().size()).isLessThanOrEqualTo(MAX_PAYLOAD_BYTES);
            seen.write(write(List.of(frame)));
          }
          case Inbound.Oversized oversized -> {
            assertThat(oversized.payloadBytes()).isGreaterThan(MAX_PAYLOAD_BYTES);
            passedOver = true;
          }
        }
        inbound = reader.read();
      }
      if (!passedOver) {
        // Nothing is lost: what was read makes up the input.
        assertThat(seen.toByteArray()).isEqualTo(bytes);
      }
    } catch (EOFException e) {
      assertThat(e).hasMessageContaining("within a frame");
    }
  }

  private static ReadableByteChannel source(byte[] bytes) {
    return Channels.newChannel(new ByteArrayInputStream(bytes));
  }

  private static byte[] write(List<Frame> frames) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    FrameWriter writer = new FrameWriter(Channels.newChannel(bytes));
    writer.start("writer", e -> {});
    for (Frame frame : frames) {
      assertThat(writer.offer(frame, Deadline.NONE)).isTrue();
    }
    assertThat(writer.drain(Deadline.NONE)).isTrue();
    writer.close();
    return bytes.toByteArray();
  }
}
