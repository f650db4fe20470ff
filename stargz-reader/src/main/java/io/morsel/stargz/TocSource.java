package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A layer's footer and compressed TOC, fetched to be {@linkplain #parse parsed and verified}.
 *
 * <p>Both in one pass, since a TOC is many times larger than its compressed form. What has been
 * parsed may be used when all of it is verified, and not before.
 */
final class TocSource {
  /** Covers footer and TOC of most layers, so that one request is enough. */
  static final int TAIL_BYTES = 512 << 10;

  static final String TOC_NAME = "stargz.index.json";
  private static final int TAR_BLOCK = 512;

  private final Footer footer;
  private final byte[] compressed;
  private final int from;
  private final int to;
  private final TocTrust trust;
  private final LayerLimits limits;

  private TocSource(
      Footer footer, byte[] compressed, int from, int to, TocTrust trust, LayerLimits limits) {
    this.footer = footer;
    this.compressed = compressed;
    this.from = from;
    this.to = to;
    this.trust = trust;
    this.limits = limits;
  }

  /**
   * Fetches the TOC with one request, or two where it is large.
   *
   * @param trust what the TOC will be checked against
   * @throws LayerFormatException if the blob has no TOC
   */
  static TocSource read(LayerBlob blob, TocTrust trust, LayerLimits limits) throws IOException {
    long size = blob.sizeBytes();
    int tailBytes = (int) Math.min(size, TAIL_BYTES);
    byte[] tail = new byte[tailBytes];
    readFully(blob, size - tailBytes, tail, 0, tailBytes);
    byte[] end = Arrays.copyOfRange(tail, Math.max(0, tailBytes - Footer.MAX_BYTES), tailBytes);
    Footer footer =
        Footer.parse(end, size)
            .orElseThrow(
                () ->
                    new LayerFormatException(
                        Kind.NOT_LAZY,
                        "the blob ends in no footer of eStargz or stargz: it can only be read as a whole; convert the image to have it read at random"));
    long length = size - footer.sizeBytes() - footer.tocOffset();
    // What is compressed is smaller than what it holds, but for the framing of tiny ones.
    if (length > Math.min(limits.maxTocBytes() + 4096, Integer.MAX_VALUE - 64)) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "the compressed TOC has %d bytes, more than the %d that are allowed"
              .formatted(length, limits.maxTocBytes()));
    }
    if (length + footer.sizeBytes() <= tailBytes) {
      int to = tailBytes - footer.sizeBytes();
      return new TocSource(footer, tail, to - (int) length, to, trust, limits);
    }
    byte[] all = new byte[(int) length];
    int missing = (int) (length + footer.sizeBytes()) - tailBytes;
    readFully(blob, footer.tocOffset(), all, 0, missing);
    System.arraycopy(tail, 0, all, missing, (int) length - missing);
    return new TocSource(footer, all, 0, (int) length, trust, limits);
  }

  Footer footer() {
    return footer;
  }

  /**
   * Parses the TOC, and verifies it.
   *
   * @param sink what it got is of no worth where this fails
   * @return the SHA-256 of the uncompressed TOC
   * @throws LayerFormatException if the TOC is not the one that is trusted, can't be uncompressed,
   *     or breaks its format; the first of these that is true
   */
  byte[] parse(TocParser.Sink sink) throws IOException {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    try (InputStream json = new DigestInputStream(open(), sha256)) {
      IOException broken = null;
      try {
        TocParser.parse(new Unclosed(json), limits, sink);
      } catch (LayerFormatException e) {
        // What is wrong with a TOC that is not the trusted one is of no interest.
        broken = e;
      }
      json.transferTo(OutputStream.nullOutputStream());
      byte[] digest = sha256.digest();
      requireTrusted("sha256:" + HexFormat.of().formatHex(digest));
      if (broken != null) {
        throw broken;
      }
      return digest;
    } catch (ZipException | EOFException e) {
      throw new LayerFormatException(
          Kind.MALFORMED, "the TOC can't be uncompressed: " + e.getMessage(), e);
    }
  }

  private void requireTrusted(String digest) throws LayerFormatException {
    if (trust instanceof TocTrust.Expected expected && !expected.sha256().equals(digest)) {
      throw new LayerFormatException(
          Kind.TOC_DIGEST_MISMATCH,
          "the TOC has digest %s, but its manifest names %s: blob and manifest don't belong together, or the blob was altered"
              .formatted(digest, TocEntry.printable(expected.sha256())));
    }
  }

  /** The JSON: the first and only file of a tar in a gzip member. */
  private InputStream open() throws IOException {
    InputStream tar =
        new GZIPInputStream(new ByteArrayInputStream(compressed, from, to - from), 32 << 10);
    byte[] header = tar.readNBytes(TAR_BLOCK);
    if (header.length < TAR_BLOCK || !TOC_NAME.equals(text(header, 0, 100))) {
      throw new LayerFormatException(
          Kind.MALFORMED, "the blob has no " + TOC_NAME + " where its footer says");
    }
    long size = octal(text(header, 124, 12).strip());
    if (size > limits.maxTocBytes()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "the TOC has %d bytes, more than the %d that are allowed"
              .formatted(size, limits.maxTocBytes()));
    }
    return new Bounded(tar, size);
  }

  private static String text(byte[] header, int from, int length) {
    int to = from;
    while (to < from + length && header[to] != 0) {
      to++;
    }
    return new String(header, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private static long octal(String digits) throws LayerFormatException {
    try {
      return Long.parseUnsignedLong(digits, 8);
    } catch (NumberFormatException e) {
      throw new LayerFormatException(
          Kind.MALFORMED,
          "the header of " + TOC_NAME + " gives the size " + TocEntry.printable(digits),
          e);
    }
  }

  private static void readFully(LayerBlob blob, long offset, byte[] target, int at, int length)
      throws IOException {
    if (length == 0) {
      return;
    }
    try (InputStream in = blob.open(offset, length)) {
      int read = in.readNBytes(target, at, length);
      if (read < length) {
        throw new EOFException(
            "got %d of the %d bytes from %d on of a blob of %d bytes"
                .formatted(read, length, offset, blob.sizeBytes()));
      }
    }
  }

  /** Leaves the stream open for the rest to be read, whatever its reader does at the end. */
  private static final class Unclosed extends FilterInputStream {
    Unclosed(InputStream in) {
      super(in);
    }

    @Override
    public void close() {
      // On purpose.
    }
  }

  /** The next so many bytes of a stream, which must have them. */
  private static final class Bounded extends InputStream {
    private final InputStream in;
    private long left;

    Bounded(InputStream in, long length) {
      this.in = in;
      left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (left == 0) {
        return -1;
      }
      int read = in.read(target, offset, (int) Math.min(length, left));
      if (read < 0) {
        throw new EOFException("it ends " + left + " bytes too early");
      }
      left -= read;
      return read;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
