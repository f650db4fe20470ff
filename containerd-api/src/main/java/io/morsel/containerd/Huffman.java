package io.morsel.containerd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The code that HTTP/2 may write header strings in: RFC 7541, section 5.2 and appendix B. */
final class Huffman {
  /**
   * How many bits each of the bytes has, from {@code A} for five on. The code is canonical: shorter
   * codes come before longer ones, and those of one length go by their bytes.
   */
  private static final String LENGTHS =
      "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
          + "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
          + "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
          + "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV";

  private static final int MIN_BITS = 5;
  private static final int MAX_BITS = 30;
  private static final int MAX_PADDING_BITS = 7;

  /** How many codes have so many bits; the one of 30 bits that ends a string is not among them. */
  private static final int[] COUNTS = new int[MAX_BITS + 1];

  /** The bytes in the order of their codes. */
  private static final byte[] BYTES = new byte[LENGTHS.length()];

  static {
    int next = 0;
    for (int bits = MIN_BITS; bits <= MAX_BITS; bits++) {
      for (int value = 0; value < LENGTHS.length(); value++) {
        if (LENGTHS.charAt(value) - 'A' + MIN_BITS == bits) {
          COUNTS[bits]++;
          BYTES[next++] = (byte) value;
        }
      }
    }
  }

  private Huffman() {}

  /**
   * Reads all that remains of a string.
   *
   * @throws IOException if it is not in this code
   */
  static String decode(ByteBuffer encoded) throws IOException {
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(2 * encoded.remaining());
    int code = 0;
    int bits = 0;
    // The first code with so many bits, and what stands before its byte.
    int first = 0;
    int before = 0;
    boolean ones = true;
    while (encoded.hasRemaining()) {
      int octet = encoded.get();
      for (int shift = 7; shift >= 0; shift--) {
        int bit = octet >> shift & 1;
        code = code << 1 | bit;
        ones &= bit == 1;
        bits++;
        first <<= 1;
        if (bits > MAX_BITS) {
          throw new IOException("a header is not in HTTP/2's Huffman code");
        }
        if (code - first < COUNTS[bits]) {
          decoded.write(BYTES[before + code - first]);
          code = 0;
          bits = 0;
          first = 0;
          before = 0;
          ones = true;
        } else {
          first += COUNTS[bits];
          before += COUNTS[bits];
        }
      }
    }
    if (bits > MAX_PADDING_BITS || !ones) {
      throw new IOException("a header is not in HTTP/2's Huffman code");
    }
    return decoded.toString(StandardCharsets.ISO_8859_1);
  }
}
