package io.morsel.snapshotter;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A layer of a few small files, in eStargz, for the {@link WarmUp} and for rehearsals. */
public final class WarmUpLayer {
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

  /** The same, as a registry would have it. */
  WarmUpBlob asBlob() {
    return new WarmUpBlob(blob);
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
    WarmUpTar tar = new WarmUpTar();
    tar.add("bin/", '5', "", 0);
    for (String name : List.of("bin/a", "bin/b", "bin/c")) {
      tar.add(name, '0', "", FILE_BYTES);
    }
    tar.add("bin/link", '2', "a", 0);
    tar.add("bin/same", '1', "bin/b", 0);
    return make(tar, List.of("bin/a"), scratch);
  }

  /** Makes a layer of these entries. */
  static WarmUpLayer make(WarmUpTar tar, List<String> prioritized, Path scratch)
      throws IOException {
    EstargzOptions options =
        new EstargzOptions(
            LayerFormat.ESTARGZ, CHUNK_BYTES, 0, 1, prioritized, LayerLimits.DEFAULT);
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    try (ExecutorService compressors = Executors.newSingleThreadExecutor()) {
      EstargzLayer layer =
          new EstargzWriter(options, compressors, scratch)
              .write(new ByteArrayInputStream(tar.toBytes()), blob, (done, total) -> {});
      return new WarmUpLayer(blob.toByteArray(), layer.tocDigest(), layer.diffId());
    }
  }
}
