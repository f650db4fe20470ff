package io.morsel.registry;

import java.util.List;
import java.util.Objects;

/**
 * A part of a blob.
 *
 * @param offset where it starts
 * @param lengthBytes how long it is, at least 1
 */
public record ByteRange(long offset, long lengthBytes) {
  /** Checks that it is one. */
  public ByteRange {
    if (offset < 0 || lengthBytes < 1 || offset + lengthBytes < 0) {
      throw new IndexOutOfBoundsException(offset + "+" + lengthBytes);
    }
  }

  /** Where what follows it starts. */
  public long end() {
    return offset + lengthBytes;
  }

  /**
   * Checks that ranges are in ascending order, apart, and within a blob.
   *
   * @throws IndexOutOfBoundsException if they are not
   */
  static void check(List<ByteRange> ranges, long sizeBytes) {
    long end = 0;
    for (ByteRange range : ranges) {
      if (range.offset() < end) {
        throw new IndexOutOfBoundsException(range + " is not behind " + end);
      }
      Objects.checkFromIndexSize(range.offset(), range.lengthBytes(), sizeBytes);
      end = range.end();
    }
  }
}
