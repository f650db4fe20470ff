package io.morsel.bench.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** Bytes of generated files: the same for the same seed, on every machine. */
final class Content {
  /** The unit of {@link #numberedPages}. */
  static final int PAGE_BYTES = 4096;

  private static final int PATTERN_PAGES = 64 * 256;

  private static final byte[][] WORDS =
      words(
          "layer chunk digest snapshot manifest registry container image index offset request"
              + " the of a to and in is for that with as on by from at are be this which or an"
              + " reads writes mounts serves fetches holds keeps returns 0 1 2 17 256 4096 65535");

  private Content() {}

  private static byte[][] words(String text) {
    String[] words = text.split(" ", -1);
    byte[][] bytes = new byte[words.length][];
    for (int i = 0; i < words.length; i++) {
      bytes[i] = (words[i] + " ").getBytes(StandardCharsets.US_ASCII);
    }
    return bytes;
  }

  /** Bytes that don't compress. */
  static byte[] noise(long seed, int sizeBytes) {
    byte[] bytes = new byte[sizeBytes];
    fillNoise(new SplittableRandom(seed), bytes, 0, sizeBytes);
    return bytes;
  }

  /** Bytes that compress about as prose and source code do, to a third. */
  static byte[] text(long seed, int sizeBytes) {
    byte[] bytes = new byte[sizeBytes];
    fillText(new SplittableRandom(seed), bytes, 0, sizeBytes);
    return bytes;
  }

  private static void fillNoise(SplittableRandom random, byte[] bytes, int from, int to) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, from, to - from).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.remaining() >= Long.BYTES) {
      buffer.putLong(random.nextLong());
    }
    while (buffer.hasRemaining()) {
      buffer.put((byte) random.nextInt());
    }
  }

  private static void fillText(SplittableRandom random, byte[] bytes, int from, int to) {
    for (int at = from; at < to; ) {
      byte[] word = WORDS[random.nextInt(WORDS.length)];
      int length = Math.min(word.length, to - at);
      System.arraycopy(word, 0, bytes, at, length);
      at += length;
    }
  }

  /**
   * Writes pages that all differ: each begins with its number, counted from 1, in eight bytes,
   * little-endian. The rest repeats every 64 MiB, which is quicker to make and further apart than
   * what gzip can see; by turns, 16 pages don't compress and 16 do.
   */
  static void numberedPages(long seed, long pages, OutputStream out) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    int patternPages = (int) Math.min(pages, PATTERN_PAGES);
    byte[] pattern = new byte[patternPages * PAGE_BYTES];
    for (int page = 0; page < patternPages; page++) {
      int from = page * PAGE_BYTES;
      if (page / 16 % 2 == 0) {
        fillNoise(random, pattern, from, from + PAGE_BYTES);
      } else {
        fillText(random, pattern, from, from + PAGE_BYTES);
      }
    }
    ByteBuffer numbers = ByteBuffer.wrap(pattern).order(ByteOrder.LITTLE_ENDIAN);
    for (long page = 0; page < pages; page++) {
      int at = (int) (page % patternPages) * PAGE_BYTES;
      numbers.putLong(at, page + 1);
      out.write(pattern, at, PAGE_BYTES);
    }
  }
}
