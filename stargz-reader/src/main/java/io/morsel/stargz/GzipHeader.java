package io.morsel.stargz;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/** The header of a gzip member, as in RFC 1952, section 2.3. */
final class GzipHeader {
  private static final int FLAG_HEADER_CRC = 0x02;
  private static final int FLAG_EXTRA = 0x04;
  private static final int FLAG_NAME = 0x08;
  private static final int FLAG_COMMENT = 0x10;
  private static final int FLAGS_RESERVED = 0xe0;

  private GzipHeader() {}

  /**
   * Moves {@code source} behind the header that starts at its position.
   *
   * @throws DataFormatException if there is no whole, valid header
   */
  static void skip(ByteBuffer source) throws DataFormatException {
    if (next(source) != 0x1f || next(source) != 0x8b) {
      throw new DataFormatException("no gzip member where one must start");
    }
    int method = next(source);
    if (method != 8) {
      throw new DataFormatException("unknown gzip compression method " + method);
    }
    int flags = next(source);
    if ((flags & FLAGS_RESERVED) != 0) {
      throw new DataFormatException("reserved gzip flags 0x" + Integer.toHexString(flags));
    }
    advance(source, 6); // modification time, extra flags, operating system
    if ((flags & FLAG_EXTRA) != 0) {
      int low = next(source);
      advance(source, low | next(source) << 8);
    }
    if ((flags & FLAG_NAME) != 0) {
      skipText(source);
    }
    if ((flags & FLAG_COMMENT) != 0) {
      skipText(source);
    }
    if ((flags & FLAG_HEADER_CRC) != 0) {
      advance(source, 2);
    }
  }

  private static void skipText(ByteBuffer source) throws DataFormatException {
    while (next(source) != 0) {
      // Up to and with the terminating zero.
    }
  }

  private static int next(ByteBuffer source) throws DataFormatException {
    if (!source.hasRemaining()) {
      throw truncated();
    }
    return source.get() & 0xff;
  }

  private static void advance(ByteBuffer source, int bytes) throws DataFormatException {
    if (source.remaining() < bytes) {
      throw truncated();
    }
    source.position(source.position() + bytes);
  }

  private static DataFormatException truncated() {
    return new DataFormatException("gzip header cut off");
  }
}
