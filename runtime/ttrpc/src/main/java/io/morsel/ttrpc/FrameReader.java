package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/** Reads frames from a connection. For one thread. */
final class FrameReader {
  private final ReadableByteChannel channel;
  private final int maxPayloadBytes;
  private final ByteBuffer buffer;

  FrameReader(ReadableByteChannel channel, int maxPayloadBytes, int bufferBytes) {
    this.channel = channel;
    this.maxPayloadBytes = maxPayloadBytes;
    this.buffer = ByteBuffer.allocate(Math.max(bufferBytes, Frame.HEADER_BYTES)).flip();
  }

  FrameReader(ReadableByteChannel channel, int maxPayloadBytes) {
    this(channel, maxPayloadBytes, 16 << 10);
  }

  /**
   * The next frame, or null where the connection ended between two frames.
   *
   * @throws EOFException if it ended within a frame
   */
  @Nullable Inbound read() throws IOException {
    if (!fillHeader()) {
      return null;
    }
    long payloadBytes = Integer.toUnsignedLong(buffer.getInt());
    int streamId = buffer.getInt();
    byte type = buffer.get();
    byte flags = buffer.get();
    if (payloadBytes > maxPayloadBytes) {
      skip(payloadBytes);
      return new Inbound.Oversized(streamId, type, payloadBytes);
    }
    return new Frame(streamId, type, flags, payload((int) payloadBytes));
  }

  private boolean fillHeader() throws IOException {
    while (buffer.remaining() < Frame.HEADER_BYTES) {
      buffer.compact();
      int n = channel.read(buffer);
      buffer.flip();
      if (n < 0) {
        if (buffer.hasRemaining()) {
          throw new EOFException("the connection ended within a frame's header");
        }
        return false;
      }
    }
    return true;
  }

  private ByteString payload(int bytes) throws IOException {
    if (bytes == 0) {
      return ByteString.EMPTY;
    }
    byte[] payload = new byte[bytes];
    int filled = 0;
    while (filled < bytes) {
      refill();
      int n = Math.min(buffer.remaining(), bytes - filled);
      buffer.get(payload, filled, n);
      filled += n;
    }
    return UnsafeByteOperations.unsafeWrap(payload);
  }

  private void skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      refill();
      int n = (int) Math.min(buffer.remaining(), left);
      buffer.position(buffer.position() + n);
      left -= n;
    }
  }

  /** Reads more where nothing is left. */
  private void refill() throws IOException {
    if (buffer.hasRemaining()) {
      return;
    }
    buffer.clear();
    int n = channel.read(buffer);
    buffer.flip();
    if (n < 0) {
      throw new EOFException("the connection ended within a frame");
    }
  }
}
