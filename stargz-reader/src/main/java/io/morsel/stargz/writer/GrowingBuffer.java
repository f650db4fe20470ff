package io.morsel.stargz.writer;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Bytes that grow, whose array may be filled and read in place. */
final class GrowingBuffer extends ByteArrayOutputStream {
  GrowingBuffer(int capacity) {
    super(capacity);
  }

  /** The array, of which the first {@link #size} bytes count; good until the buffer grows. */
  byte[] array() {
    return buf;
  }

  /**
   * Makes the buffer this much longer, to be filled through {@link #array}; returns its old size.
   */
  int extend(int bytes) {
    int old = count;
    if (buf.length - count < bytes) {
      buf =
          Arrays.copyOf(buf, Math.max(count + bytes, Math.min(2 * buf.length, count + (1 << 20))));
    }
    count += bytes;
    return old;
  }

  /** Drops what is behind the first {@code size} bytes. */
  void truncate(int size) {
    count = size;
  }

  /** Writes four bytes, the lowest first. */
  void putLittleEndian32(long value) {
    for (int shift = 0; shift < 32; shift += 8) {
      write((int) (value >>> shift));
    }
  }
}
