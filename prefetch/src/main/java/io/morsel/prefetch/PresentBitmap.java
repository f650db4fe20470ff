package io.morsel.prefetch;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which chunks of a layer are in its data file, verified: one bit a chunk, in memory.
 *
 * <p>Reading is free of locks; {@link #set}, {@link #clear} and {@link #retain} are called under
 * one.
 */
final class PresentBitmap {
  private final int chunks;
  private final AtomicLongArray words;
  private volatile int cardinality;

  /** A bitmap with no bit set. */
  PresentBitmap(int chunks) {
    this(chunks, new long[words(chunks)]);
  }

  /** A bitmap with these bits. */
  PresentBitmap(int chunks, long[] bits) {
    this.chunks = chunks;
    this.words = new AtomicLongArray(bits);
    this.cardinality = count();
  }

  /** How many words of 64 bits hold this many chunks. */
  static int words(int chunks) {
    return (int) (((long) chunks + 63) >>> 6);
  }

  boolean get(int chunk) {
    return (words.get(chunk >>> 6) & (1L << chunk)) != 0;
  }

  /** Whether all chunks of {@code [from, to)} are present. */
  boolean allSet(int from, int to) {
    return nextAbsent(from, to) == to;
  }

  /** The first absent chunk of {@code [from, to)}, or {@code to}. */
  int nextAbsent(int from, int to) {
    int chunk = from;
    while (chunk < to) {
      long absent = ~words.get(chunk >>> 6) & (-1L << chunk);
      if (absent != 0) {
        return Math.min(to, (chunk & ~63) + Long.numberOfTrailingZeros(absent));
      }
      chunk = (chunk & ~63) + 64;
      if (chunk < 0) {
        break;
      }
    }
    return to;
  }

  /** Sets a bit; whether it was unset before. */
  boolean set(int chunk) {
    long bit = 1L << chunk;
    if ((words.getAndUpdate(chunk >>> 6, word -> word | bit) & bit) != 0) {
      return false;
    }
    int before = cardinality;
    cardinality = before + 1;
    return true;
  }

  /** Clears a bit; whether it was set before. */
  boolean clear(int chunk) {
    long bit = 1L << chunk;
    if ((words.getAndUpdate(chunk >>> 6, word -> word & ~bit) & bit) == 0) {
      return false;
    }
    int before = cardinality;
    cardinality = before - 1;
    return true;
  }

  /** Clears every bit that is not set in {@code bits}. */
  void retain(long[] bits) {
    for (int i = 0; i < bits.length; i++) {
      long mask = bits[i];
      words.getAndUpdate(i, word -> word & mask);
    }
    cardinality = count();
  }

  int cardinality() {
    return cardinality;
  }

  boolean isFull() {
    return cardinality == chunks;
  }

  /** A copy of the bits as they are now. */
  long[] snapshot() {
    long[] copy = new long[words.length()];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = words.get(i);
    }
    return copy;
  }

  private int count() {
    int sum = 0;
    for (int i = 0; i < words.length(); i++) {
      sum += Long.bitCount(words.get(i));
    }
    return sum;
  }
}
