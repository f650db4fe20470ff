package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The last bytes of a layer that can be read at random; they say where its TOC is.
 *
 * <p>Both kinds are an empty gzip member whose extra field holds the TOC's offset as 16 hexadecimal
 * digits, and {@code STARGZ}. See {@code docs/estargz.md} of the stargz-snapshotter project.
 */
public sealed interface Footer {
  /** How many of a blob's last bytes are enough to find any footer. */
  int MAX_BYTES = 51;

  /** Where the TOC starts in the blob. */
  long tocOffset();

  /** How many bytes the footer takes at the end of the blob. */
  int sizeBytes();

  /** The format that has this footer. */
  LayerFormat format();

  /** The footer of eStargz: the offset stands in an {@code SG} subfield of the extra field. */
  record EStargz(long tocOffset) implements Footer {
    @Override
    public int sizeBytes() {
      return 51;
    }

    @Override
    public LayerFormat format() {
      return LayerFormat.ESTARGZ;
    }
  }

  /** The footer of legacy stargz (CRFS): the offset is the extra field, without a subfield. */
  record Stargz(long tocOffset) implements Footer {
    @Override
    public int sizeBytes() {
      return 47;
    }

    @Override
    public LayerFormat format() {
      return LayerFormat.STARGZ;
    }
  }

  /**
   * Reads the footer.
   *
   * @param tail the blob's last bytes, {@link #MAX_BYTES} or as many as it has
   * @param blobBytes the size of the whole blob
   * @return empty where the blob ends in no footer known here
   * @throws LayerFormatException if there is a footer, and it points outside the blob
   */
  static Optional<Footer> parse(byte[] tail, long blobBytes) throws LayerFormatException {
    byte[] subfield = {26, 0, 'S', 'G', 22, 0};
    long offset = tocOffset(tail, 51, subfield, blobBytes);
    if (offset >= 0) {
      return Optional.of(new EStargz(offset));
    }
    offset = tocOffset(tail, 47, new byte[] {22, 0}, blobBytes);
    return offset >= 0 ? Optional.of(new Stargz(offset)) : Optional.empty();
  }

  private static long tocOffset(byte[] tail, int length, byte[] beforeOffset, long blobBytes)
      throws LayerFormatException {
    int start = tail.length - length;
    // A gzip header: magic, deflate, extra field; time, flags and system don't matter.
    byte[] magic = {0x1F, (byte) 0x8B, 8, 4};
    if (start < 0
        || !matches(tail, start, magic)
        || !matches(tail, start + 10, beforeOffset)
        || !matches(
            tail,
            start + 10 + beforeOffset.length + 16,
            "STARGZ".getBytes(StandardCharsets.US_ASCII))) {
      return -1;
    }
    String digits =
        new String(tail, start + 10 + beforeOffset.length, 16, StandardCharsets.US_ASCII);
    long offset;
    try {
      offset = digits.charAt(0) == '+' ? -1 : Long.parseLong(digits, 16);
    } catch (NumberFormatException e) {
      offset = -1;
    }
    if (offset < 0 || offset >= blobBytes - length) {
      throw new LayerFormatException(
          Kind.MALFORMED,
          "the footer says that the TOC is at %s (hexadecimal), which is not within the blob's %d bytes"
              .formatted(TocEntry.printable(digits), blobBytes));
    }
    return offset;
  }

  private static boolean matches(byte[] bytes, int at, byte[] expected) {
    return Arrays.equals(bytes, at, at + expected.length, expected, 0, expected.length);
  }
}
