package io.morsel.runtime.transfer;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.transfertypes.Data;
import io.morsel.containerd.api.transfertypes.WindowUpdate;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.streaming.MessageStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Bytes that a client receives over a stream: no more than it has said that it has room for. For
 * one thread.
 */
final class StreamOutput extends OutputStream {
  /** As much as containerd sends in one message. */
  private static final int MESSAGE_BYTES = 32 << 10;

  private final MessageStream stream;
  private final byte[] buffer = new byte[MESSAGE_BYTES];
  private int buffered;
  private long windowBytes;

  StreamOutput(MessageStream stream) {
    this.stream = stream;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int count = Math.min(length - done, buffer.length - buffered);
      System.arraycopy(bytes, offset + done, buffer, buffered, count);
      buffered += count;
      done += count;
      if (buffered == buffer.length) {
        flush();
      }
    }
  }

  @Override
  public void flush() throws IOException {
    try {
      int sent = 0;
      while (sent < buffered) {
        awaitWindow();
        int count = (int) Math.min(buffered - sent, windowBytes);
        stream.send(
            TypeUrls.pack(
                Data.newBuilder().setData(ByteString.copyFrom(buffer, sent, count)).build()));
        sent += count;
        windowBytes -= count;
      }
      buffered = 0;
    } catch (ContainerdException e) {
      throw new StreamException(e);
    }
  }

  private void awaitWindow() throws IOException, ContainerdException {
    while (windowBytes <= 0) {
      Any message = stream.receive();
      if (message == null) {
        throw new IOException("the client receives no more");
      }
      if (TypeUrls.is(message, WindowUpdate.getDefaultInstance())) {
        windowBytes += Math.max(0, TypeUrls.unpack(message, WindowUpdate.parser()).getUpdate());
      }
    }
  }
}
