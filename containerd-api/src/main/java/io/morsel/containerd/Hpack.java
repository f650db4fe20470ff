package io.morsel.containerd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How HTTP/2 writes headers, RFC 7541, without a table that changes: whoever uses this tells its
 * peer that it keeps none, and does not make the peer keep one.
 */
final class Hpack {
  /** A header; its value is in Latin-1, as it came. */
  record Header(String name, String value) {}

  private static final int INDEXED = 0x80;
  private static final int LITERAL_KEPT = 0x40;
  private static final int TABLE_SIZE = 0x20;
  private static final int HUFFMAN = 0x80;
  private static final int MAX_INTEGER = 1 << 24;

  /** Appendix A. Names and values take turns. */
  private static final String[] STATIC =
      (":authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https"
              + "|:status|200|:status|204|:status|206|:status|304|:status|400|:status|404"
              + "|:status|500|accept-charset||accept-encoding|gzip, deflate|accept-language|"
              + "|accept-ranges||accept||access-control-allow-origin||age||allow|"
              + "|authorization||cache-control||content-disposition||content-encoding|"
              + "|content-language||content-length||content-location||content-range|"
              + "|content-type||cookie||date||etag||expect||expires||from||host||if-match|"
              + "|if-modified-since||if-none-match||if-range||if-unmodified-since|"
              + "|last-modified||link||location||max-forwards||proxy-authenticate|"
              + "|proxy-authorization||range||referer||refresh||retry-after||server|"
              + "|set-cookie||strict-transport-security||transfer-encoding||user-agent|"
              + "|vary||via||www-authenticate|")
          .split("\\|", -1);

  private Hpack() {}

  /** Appends a header, spelled out. */
  static void encode(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    encode(block, name);
    encode(block, value);
  }

  private static void encode(ByteArrayOutputStream block, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    int rest = bytes.length;
    if (rest < 0x7F) {
      block.write(rest);
    } else {
      block.write(0x7F);
      rest -= 0x7F;
      while (rest >= 0x80) {
        block.write((rest & 0x7F) | 0x80);
        rest >>= 7;
      }
      block.write(rest);
    }
    block.writeBytes(bytes);
  }

  /**
   * Reads a block of headers.
   *
   * @throws IOException if it is malformed, or refers to a table that there is not
   */
  static List<Header> decode(ByteBuffer block) throws IOException {
    List<Header> headers = new ArrayList<>();
    try {
      while (block.hasRemaining()) {
        int first = block.get() & 0xFF;
        if (first >= INDEXED) {
          int index = integer(block, first, 7);
          headers.add(new Header(known(index, 0), known(index, 1)));
        } else if (first >= LITERAL_KEPT) {
          headers.add(literal(block, integer(block, first, 6)));
        } else if (first >= TABLE_SIZE) {
          if (integer(block, first, 5) != 0) {
            throw new IOException("the server keeps a table of headers that it must not");
          }
        } else {
          headers.add(literal(block, integer(block, first, 4)));
        }
      }
      return headers;
    } catch (BufferUnderflowException cut) {
      throw new IOException("a block of headers ends within one", cut);
    }
  }

  private static Header literal(ByteBuffer block, int index) throws IOException {
    String name = index == 0 ? string(block) : known(index, 0);
    return new Header(name, string(block));
  }

  private static String known(int index, int part) throws IOException {
    if (index == 0 || 2 * index > STATIC.length) {
      throw new IOException("there is no header of index " + index);
    }
    return STATIC[2 * index - 2 + part];
  }

  private static String string(ByteBuffer block) throws IOException {
    int first = block.get() & 0xFF;
    int length = integer(block, first, 7);
    if (length > block.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer bytes = block.slice(block.position(), length);
    block.position(block.position() + length);
    return first >= HUFFMAN
        ? Huffman.decode(bytes)
        : StandardCharsets.ISO_8859_1.decode(bytes).toString();
  }

  /** Section 5.1: an integer that begins in the last bits of an octet. */
  private static int integer(ByteBuffer block, int first, int bits) throws IOException {
    int mask = (1 << bits) - 1;
    int value = first & mask;
    if (value < mask) {
      return value;
    }
    for (int shift = 0; shift <= 21; shift += 7) {
      int octet = block.get();
      value += (octet & 0x7F) << shift;
      if (value > MAX_INTEGER) {
        break;
      }
      if (octet >= 0) {
        return value;
      }
    }
    throw new IOException("a header is longer than any may be");
  }
}
