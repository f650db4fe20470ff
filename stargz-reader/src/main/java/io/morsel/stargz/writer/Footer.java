package io.morsel.stargz.writer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.morsel.stargz.LayerFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The empty gzip member at the end of a blob, whose extra field says where the TOC is: eStargz
 * specification, section "Footer", and CRFS' stargz for the legacy one.
 */
final class Footer {
  private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 4, 0, 0, 0, 0, 0, (byte) 0xff};
  private static final byte[] EMPTY_BLOCK = {1, 0, 0, (byte) 0xff, (byte) 0xff};
  private static final int TRAILER_BYTES = 8;

  private Footer() {}

  /** 51 bytes for eStargz, 47 for legacy stargz. */
  static byte[] of(LayerFormat format, long tocOffset) {
    byte[] value = "%016xSTARGZ".formatted(tocOffset).getBytes(US_ASCII);
    boolean subfield = format == LayerFormat.ESTARGZ;
    int extra = value.length + (subfield ? 4 : 0);
    ByteBuffer footer =
        ByteBuffer.allocate(HEADER.length + 2 + extra + EMPTY_BLOCK.length + TRAILER_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    footer.put(HEADER).putShort((short) extra);
    if (subfield) {
      footer.put((byte) 'S').put((byte) 'G').putShort((short) value.length);
    }
    return footer.put(value).put(EMPTY_BLOCK).array();
  }
}
