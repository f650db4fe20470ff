package io.morsel.stargz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A string of a TOC, in memory that the next one takes again: a TOC has six for each of its files,
 * and most are only compared. Mutable, not safe for use by several threads.
 */
final class TocText implements CharSequence {
  private static final int SHA256_CHARS = 64;
  private static final String SHA256 = "sha256:";
  private static final byte[] NIBBLES = nibbles();

  private char[] chars = new char[128];
  private int length;

  private static byte[] nibbles() {
    byte[] values = new byte[128];
    Arrays.fill(values, (byte) -1);
    for (int i = 0; i < 16; i++) {
      values[Character.forDigit(i, 16)] = (byte) i;
      values[Character.toUpperCase(Character.forDigit(i, 16))] = (byte) i;
    }
    return values;
  }

  /** Becomes the string of these characters. */
  void set(char[] source, int offset, int newLength) {
    if (newLength > chars.length) {
      chars = new char[Math.max(newLength, 2 * chars.length)];
    }
    System.arraycopy(source, offset, chars, 0, newLength);
    length = newLength;
  }

  /** Becomes the same string. */
  void set(TocText other) {
    set(other.chars, 0, other.length);
  }

  /** Becomes the empty string. */
  void clear() {
    length = 0;
  }

  /** Whether this is the string. */
  boolean is(String text) {
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (chars[i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether this is the same string as another. */
  boolean is(TocText other) {
    return Arrays.equals(chars, 0, length, other.chars, 0, other.length);
  }

  /** The string in UTF-8. */
  byte[] utf8() {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      char c = chars[i];
      if (c >= 0x80) {
        return toString().getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) c;
    }
    return bytes;
  }

  /** The bytes of a digest, if this is {@code sha256:} and 64 hexadecimal digits. */
  byte @Nullable [] sha256() {
    if (length != SHA256.length() + SHA256_CHARS) {
      return null;
    }
    for (int i = 0; i < SHA256.length(); i++) {
      if (chars[i] != SHA256.charAt(i)) {
        return null;
      }
    }
    byte[] bytes = new byte[SHA256_CHARS / 2];
    int all = 0;
    for (int i = 0, at = SHA256.length(); i < bytes.length; i++, at += 2) {
      char high = chars[at];
      char low = chars[at + 1];
      if ((high | low) >= 0x80) {
        return null;
      }
      int value = NIBBLES[high] << 4 | NIBBLES[low];
      all |= value;
      bytes[i] = (byte) value;
    }
    // Only what is no digit has any of these bits.
    return all < 0 ? null : bytes;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public char charAt(int index) {
    return chars[checked(index)];
  }

  private int checked(int index) {
    if (index < 0 || index >= length) {
      throw new IndexOutOfBoundsException(index);
    }
    return index;
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return toString().subSequence(start, end);
  }

  @Override
  public String toString() {
    return new String(chars, 0, length);
  }
}
