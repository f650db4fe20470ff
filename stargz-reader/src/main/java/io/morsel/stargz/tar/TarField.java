package io.morsel.stargz.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.util.Arrays;

/**
 * The fields of a tar header block, as in POSIX.1-1988 ustar and, for big numbers, GNU tar's
 * base-256.
 */
enum TarField {
  NAME(0, 100),
  MODE(100, 8),
  USER_ID(108, 8),
  GROUP_ID(116, 8),
  SIZE(124, 12),
  MTIME(136, 12),
  CHECKSUM(148, 8),
  TYPE_FLAG(156, 1),
  LINK_NAME(157, 100),
  /** Magic and version together. */
  MAGIC(257, 8),
  USER_NAME(265, 32),
  GROUP_NAME(297, 32),
  DEVICE_MAJOR(329, 8),
  DEVICE_MINOR(337, 8),
  /** What stands before the name in ustar. */
  PREFIX(345, 155),
  /** Only in GNU tar's old sparse format. */
  GNU_REAL_SIZE(483, 12);

  /** The size of a tar's blocks in bytes. */
  static final int BLOCK_BYTES = 512;

  final int offset;
  final int length;

  TarField(int offset, int length) {
    this.offset = offset;
    this.length = length;
  }

  /** The byte string in this field, up to the first zero byte. */
  String text(byte[] block) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return new String(block, offset, end - offset, ISO_8859_1);
  }

  /** The number in this field. */
  long number(byte[] block) throws LayerFormatException {
    return number(block, offset, length, name());
  }

  /** The number in {@code length} bytes from {@code offset} on, octal or base-256. */
  static long number(byte[] block, int offset, int length, String what)
      throws LayerFormatException {
    return (block[offset] & 0x80) != 0
        ? binary(block, offset, length, what)
        : octal(block, offset, length, what);
  }

  private static long binary(byte[] block, int offset, int length, String what)
      throws LayerFormatException {
    boolean negative = (block[offset] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = offset; i < offset + length; i++) {
      int digit = block[i] & 0xff;
      if (i == offset) {
        digit = negative ? digit : digit & 0x7f;
      }
      long top = value >> 55;
      if (top != 0 && top != -1) {
        throw malformed(block, offset, length, what);
      }
      value = (value << 8) | digit;
    }
    if (value < 0 != negative) {
      throw malformed(block, offset, length, what);
    }
    return value;
  }

  private static long octal(byte[] block, int offset, int length, String what)
      throws LayerFormatException {
    int start = offset;
    int end = offset + length;
    while (start < end && isPadding(block[start])) {
      start++;
    }
    long value = 0;
    int i = start;
    for (; i < end && block[i] >= '0' && block[i] <= '7'; i++) {
      value = (value << 3) | (block[i] - '0');
    }
    if (i < end && !isPadding(block[i])) {
      throw malformed(block, offset, length, what);
    }
    return value;
  }

  private static boolean isPadding(byte b) {
    return b == 0 || b == ' ';
  }

  private static LayerFormatException malformed(byte[] block, int offset, int length, String what) {
    byte[] field = Arrays.copyOfRange(block, offset, offset + length);
    return new LayerFormatException(
        Kind.MALFORMED,
        "tar header with " + what + " " + Arrays.toString(field) + ", which is not a number");
  }

  /** The sum of the block's bytes with the checksum field taken as spaces. */
  static int checksum(byte[] block, boolean signed) {
    int sum = ' ' * CHECKSUM.length;
    for (int i = 0; i < BLOCK_BYTES; i++) {
      if (i < CHECKSUM.offset || i >= CHECKSUM.offset + CHECKSUM.length) {
        sum += signed ? block[i] : block[i] & 0xff;
      }
    }
    return sum;
  }

  /** Whether {@link #putOctal} can write the value. */
  boolean fitsOctal(long value) {
    return value >= 0 && value < (1L << (3 * (length - 1)));
  }

  /** Writes the value as octal digits with a zero byte at the end. */
  void putOctal(byte[] block, long value) {
    long rest = value;
    for (int i = offset + length - 2; i >= offset; i--) {
      block[i] = (byte) ('0' + (rest & 7));
      rest >>>= 3;
    }
    block[offset + length - 1] = 0;
  }

  /** Writes the value as GNU tar's base-256. */
  void putBinary(byte[] block, long value) {
    long rest = value;
    for (int i = offset + length - 1; i >= offset; i--) {
      block[i] = (byte) rest;
      rest >>= 8;
    }
    block[offset] |= (byte) 0x80;
  }

  /** Writes a byte string, as much of it as the field holds. */
  void putText(byte[] block, String text) {
    int bytes = Math.min(length, text.length());
    for (int i = 0; i < bytes; i++) {
      block[offset + i] = (byte) text.charAt(i);
    }
  }
}
