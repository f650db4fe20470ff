package io.morsel.runtime.transfer;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.transfertypes.Data;
import io.morsel.containerd.api.transfertypes.WindowUpdate;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.streaming.MessageStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Bytes that a client sends over a stream. It sends no more than it was told that there is room
 * for, as in containerd's package {@code core/transfer/streaming}. For one thread.
 */
final class StreamInput extends InputStream {
  private static final int WINDOW_BYTES = 64 << 10;

  private final MessageStream stream;
  private ByteBuffer data = ByteBuffer.allocate(0);
  private int windowBytes;

  StreamInput(MessageStream stream) {
    this.stream = stream;
  }

  @Override
  public int read() throws IOException {
    return fill() ? data.get() & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int count = Math.min(length, data.remaining());
    data.get(bytes, offset, count);
    return count;
  }

  /** Whether there are bytes; waits for them. */
  private boolean fill() throws IOException {
    try {
      while (!data.hasRemaining()) {
        if (windowBytes < WINDOW_BYTES) {
          stream.send(TypeUrls.pack(WindowUpdate.newBuilder().setUpdate(WINDOW_BYTES).build()));
          windowBytes += WINDOW_BYTES;
        }
        Any message = stream.receive();
        if (message == null) {
          return false;
        }
        if (TypeUrls.is(message, Data.getDefaultInstance())) {
          data = TypeUrls.unpack(message, Data.parser()).getData().asReadOnlyByteBuffer();
          windowBytes -= data.remaining();
        }
      }
      return true;
    } catch (ContainerdException e) {
      throw new StreamException(e);
    }
  }
}
