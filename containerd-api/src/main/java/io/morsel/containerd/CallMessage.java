package io.morsel.containerd;

import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** A call's messages, as gRPC's "PROTOCOL-HTTP2" has them: uncompressed, each behind a prefix. */
final class CallMessage {
  /** Whether it is compressed, and its length. */
  static final int PREFIX_BYTES = 5;

  private CallMessage() {}

  /** A message with its prefix. */
  static ByteBuffer frame(InputStream message) throws IOException {
    if (!(message instanceof KnownLength)) {
      byte[] bytes = message.readAllBytes();
      return ByteBuffer.allocate(PREFIX_BYTES + bytes.length)
          .put((byte) 0)
          .putInt(bytes.length)
          .put(bytes)
          .flip();
    }
    byte[] framed = new byte[PREFIX_BYTES + message.available()];
    int length = message.readNBytes(framed, PREFIX_BYTES, framed.length - PREFIX_BYTES);
    ByteBuffer whole = ByteBuffer.wrap(framed, 0, PREFIX_BYTES + length);
    whole.putInt(1, length);
    return whole;
  }
}
