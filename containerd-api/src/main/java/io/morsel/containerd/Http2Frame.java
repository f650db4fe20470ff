package io.morsel.containerd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What HTTP/2's frames are made of: RFC 9113, sections 4 and 6. */
final class Http2Frame {
  /** What a client says before all frames: RFC 9113, section 3.4. Not to be changed. */
  static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  static final int HEADER_BYTES = 9;
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int ACK = 1;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final int PADDED = 8;
  static final int PRIORITY = 0x20;

  static final int SETTINGS_TABLE_SIZE = 1;
  static final int SETTINGS_PUSH = 2;
  static final int SETTINGS_STREAMS = 3;
  static final int SETTINGS_WINDOW = 4;
  static final int SETTINGS_FRAME_SIZE = 5;

  /** The longest payload that everybody takes. */
  static final int MIN_FRAME = 1 << 14;

  /** The code of error of a stream that nobody is interested in any longer. */
  static final int CANCEL = 8;

  private Http2Frame() {}

  /** A frame whose payload is to be put into it. */
  static ByteBuffer frame(int type, int flags, int stream, int bytes) {
    ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + bytes);
    putHeader(frame, bytes, type, flags, stream);
    return frame;
  }

  /** A frame whose payload is a number. */
  static ByteBuffer number(int type, int stream, int value) {
    return frame(type, 0, stream, Integer.BYTES).putInt(value).flip();
  }

  /** Puts what stands before a payload. */
  static void putHeader(ByteBuffer target, int bytes, int type, int flags, int stream) {
    target.put((byte) (bytes >> 16)).putShort((short) bytes);
    target.put((byte) type).put((byte) flags).putInt(stream);
  }
}
