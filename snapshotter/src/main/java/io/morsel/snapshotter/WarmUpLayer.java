package io.morsel.snapshotter;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A layer of a few small files, in eStargz, for the {@link WarmUp} and for rehearsals. Thousands of
 * files more, so that the code which indexes them is compiled, made the first pull no faster and
 * cost 40 MB of memory.
 */
public final class WarmUpLayer {
  private static final int TAR_BLOCK_BYTES = 512;
  private static final int CHUNK_BYTES = 4 << 10;
  private static final int FILE_BYTES = 3 * CHUNK_BYTES + 1;

  private final byte[] blob;
  private final String tocDigest;
  private final String diffId;

  private WarmUpLayer(byte[] blob, String tocDigest, String diffId) {
    this.blob = blob;
    this.tocDigest = tocDigest;
    this.diffId = diffId;
  }

  /** Its bytes, which are not to be changed. */
  byte[] blob() {
    return blob;
  }

  /** The digest of its TOC. */
  String tocDigest() {
    return tocDigest;
  }

  /** The digest of its uncompressed bytes. */
  String diffId() {
    return diffId;
  }

  /**
   * Makes the layer.
   *
   * @param scratch a directory for what is written meanwhile
   */
  public static WarmUpLayer make(Path scratch) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    add(tar, "bin/", '5', "", 0);
    for (String name : List.of("bin/a", "bin/b", "bin/c")) {
      add(tar, name, '0', "", FILE_BYTES);
    }
    add(tar, "bin/link", '2', "a", 0);
    add(tar, "bin/same", '1', "bin/b", 0);
    tar.write(new byte[2 * TAR_BLOCK_BYTES]);
    EstargzOptions options =
        new EstargzOptions(
            LayerFormat.ESTARGZ, CHUNK_BYTES, 0, 1, List.of("bin/a"), LayerLimits.DEFAULT);
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    try (ExecutorService compressors = Executors.newSingleThreadExecutor()) {
      EstargzLayer layer =
          new EstargzWriter(options, compressors, scratch)
              .write(new ByteArrayInputStream(tar.toByteArray()), blob, (done, total) -> {});
      return new WarmUpLayer(blob.toByteArray(), layer.tocDigest(), layer.diffId());
    }
  }

  /** Adds an entry as POSIX' ustar format has it. */
  private static void add(ByteArrayOutputStream tar, String name, char type, String link, int bytes)
      throws IOException {
    byte[] header = new byte[TAR_BLOCK_BYTES];
    put(header, 0, name);
    put(header, 100, "0000755\0" + "0000000\0" + "0000000\0");
    put(header, 124, "%011o\0%011o\0".formatted(bytes, 0));
    put(header, 148, "        " + type + link);
    put(header, 257, "ustar\0" + "00");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    tar.write(header);
    byte[] content = new byte[bytes];
    Arrays.fill(content, (byte) name.charAt(name.length() - 1));
    tar.write(content);
    tar.write(new byte[-bytes & (TAR_BLOCK_BYTES - 1)]);
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
