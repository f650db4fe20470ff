package io.morsel.stargz.writer;

import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/**
 * The end of a blob: the TOC with the tar's end in one gzip member, and the footer.
 *
 * @param tocDigest digest of the TOC, as {@code sha256:…}
 * @param uncompressedBytes what the tar grew by
 */
record TocTail(String tocDigest, long uncompressedBytes) {
  private static final int BUFFER_BYTES = 64 << 10;

  /**
   * Writes the end of the blob.
   *
   * @param diffId is updated with what the tar grew by
   */
  static TocTail write(
      EstargzOptions options,
      List<TocJson.Written> entries,
      DigestingOutput blob,
      MessageDigest diffId)
      throws IOException {
    // The TOC's size stands before it in the tar, so it is made twice rather than kept in memory.
    DigestingOutput sizer = new DigestingOutput(OutputStream.nullOutputStream());
    TocJson.write(options.format(), entries, sizer);
    long tocBytes = sizer.count();

    GrowingBuffer header = new GrowingBuffer(TarHeaders.END_BYTES);
    TarHeaders.write(TarEntry.file(TocJson.FILE_NAME, 0444, tocBytes), header);
    byte[] end = new byte[TarHeaders.padding(tocBytes) + TarHeaders.END_BYTES];

    long offset = blob.count();
    LeveledGzip gzip = new LeveledGzip(blob, options.compressionLevel());
    OutputStream tar = new HashingOutput(gzip, diffId);
    header.writeTo(tar);
    TocJson.write(options.format(), entries, tar);
    tar.write(end);
    gzip.finish();
    gzip.release();
    blob.write(Footer.of(options.format(), offset));
    return new TocTail(sizer.digest(), header.size() + tocBytes + end.length);
  }

  /** A gzip stream of a chosen level that leaves its target open. */
  private static final class LeveledGzip extends GZIPOutputStream {
    LeveledGzip(OutputStream target, int level) throws IOException {
      super(target, BUFFER_BYTES);
      def.setLevel(level);
    }

    void release() {
      def.end();
    }
  }

  /** Hashes what passes through; not closed with what writes into it. */
  private static final class HashingOutput extends OutputStream {
    private final OutputStream target;
    private final MessageDigest hash;

    HashingOutput(OutputStream target, MessageDigest hash) {
      this.target = target;
      this.hash = hash;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      hash.update(bytes, offset, length);
      target.write(bytes, offset, length);
    }
  }
}
