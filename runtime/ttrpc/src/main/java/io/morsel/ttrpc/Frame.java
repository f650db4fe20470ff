package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;

/**
 * One frame: a header of ten bytes, big-endian, and a payload.
 *
 * @param streamId which call it belongs to, an unsigned number, odd where the client began the call
 * @param type one of {@link #REQUEST}, {@link #RESPONSE}, {@link #DATA}, or what a later version
 *     adds
 * @param flags of the type
 */
record Frame(int streamId, byte type, byte flags, ByteString payload) implements Inbound {
  static final int HEADER_BYTES = 10;

  /** The longest payload that a frame may have. */
  static final int MAX_PAYLOAD_BYTES = 4 << 20;

  static final byte REQUEST = 1;
  static final byte RESPONSE = 2;
  static final byte DATA = 3;

  /** The receiver gets no more data on this stream. */
  static final byte REMOTE_CLOSED = 1;

  /** Of requests: more data follows. */
  static final byte REMOTE_OPEN = 2;

  /** Of data frames: this one carries no message, not even an empty one. */
  static final byte NO_DATA = 4;

  static Frame request(int streamId, int flags, ByteString payload) {
    return new Frame(streamId, REQUEST, (byte) flags, payload);
  }

  static Frame response(int streamId, ByteString payload) {
    return new Frame(streamId, RESPONSE, (byte) 0, payload);
  }

  static Frame data(int streamId, ByteString payload) {
    return new Frame(streamId, DATA, (byte) 0, payload);
  }

  /** Ends what the sender has to say on a stream. */
  static Frame end(int streamId) {
    return new Frame(streamId, DATA, (byte) (REMOTE_CLOSED | NO_DATA), ByteString.EMPTY);
  }

  boolean has(byte flag) {
    return (flags & flag) != 0;
  }

  int bytes() {
    return HEADER_BYTES + payload.size();
  }

  void putHeader(ByteBuffer target) {
    target.putInt(payload.size()).putInt(streamId).put(type).put(flags);
  }
}
