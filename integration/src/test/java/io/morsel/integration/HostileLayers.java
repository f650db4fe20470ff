package io.morsel.integration;

import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/**
 * Images of one eStargz layer whose TOC can't be believed, though every digest is right: the
 * manifest vouches for exactly these bytes.
 */
final class HostileLayers {
  /** What is wrong with the TOC. */
  enum Lie {
    /** The TOC's JSON ends in the middle. */
    TRUNCATED,
    /** The TOC claims more bytes for a file than its chunks have. */
    SIZES,
    /** The TOC names a file outside of the layer. */
    ESCAPES
  }

  private HostileLayers() {}

  static void push(Lie lie, Path work, String reference) {
    byte[] content = "twelve bytes".getBytes(StandardCharsets.US_ASCII);
    byte[] member = gzip(content);
    String sha = OciLayout.sha256(content);
    String file =
        """
        {"name":"%s","type":"reg","size":%d,"modtime":"2024-01-01T00:00:00Z","mode":420,"uid":0,"gid":0,\
        "offset":0,"digest":"sha256:%s","chunkDigest":"sha256:%s","chunkSize":%d}"""
            .formatted(
                lie == Lie.ESCAPES ? "a/../../../etc/passwd" : "file",
                lie == Lie.SIZES ? 1L << 40 : content.length,
                sha,
                sha,
                lie == Lie.SIZES ? content.length : 0);
    String toc = "{\"version\":1,\"entries\":[" + file + "]}";
    if (lie == Lie.TRUNCATED) {
      toc = toc.substring(0, toc.length() - 20);
    }
    byte[] tocBytes = toc.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try (TarComposer composer = new TarComposer(tar)) {
      composer.add(TarComposer.Entry.of('0', "stargz.index.json"), tocBytes);
    }
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    blob.writeBytes(member);
    long tocOffset = blob.size();
    blob.writeBytes(gzip(tar.toByteArray()));
    blob.writeBytes(footer(tocOffset));
    new OciLayout(work)
        .blob(
            blob.toByteArray(),
            "\"containerd.io/snapshot/stargz/toc.digest\":\"sha256:"
                + OciLayout.sha256(tocBytes)
                + "\"")
        .push(reference);
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** The 51-byte footer: an empty gzip member whose extra field points at the TOC. */
  private static byte[] footer(long tocOffset) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, 4, 0, 0, 0, 0, 0, (byte) 0xff});
    byte[] pointer = "%016xSTARGZ".formatted(tocOffset).getBytes(StandardCharsets.US_ASCII);
    out.writeBytes(new byte[] {26, 0, 'S', 'G', 22, 0});
    out.writeBytes(pointer);
    // An empty stored block, then CRC-32 and length of nothing.
    out.writeBytes(new byte[] {1, 0, 0, (byte) 0xff, (byte) 0xff});
    out.writeBytes(new byte[8]);
    return out.toByteArray();
  }
}
