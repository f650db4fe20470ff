package io.morsel.snapshotter;

import io.morsel.registry.Digest;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;

/**
 * Indexes a layer a few times, and hashes, so that the code which does is compiled when the first
 * real layer comes: that has thousands of files, and interpreted code needs several times as long.
 *
 * <p>The layer has hundreds of entries of every kind, which is few: what is indexed for nothing
 * leaves its garbage behind, and the compiler counts calls, not layers.
 */
final class WarmUpIndex {
  private static final int DIRECTORIES = 40;
  private static final int FILES_EACH = 15;
  private static final int ROUNDS = 3;

  /** After how much the virtual machine has the processor hash, from experience, and some more. */
  private static final int HASHED_BYTES = 8 << 20;

  private static final int HASHED_AT_ONCE_BYTES = 64 << 10;

  private WarmUpIndex() {}

  /**
   * Goes through it.
   *
   * @param scratch a directory for what is written meanwhile
   * @throws InterruptedException if the thread was interrupted before the end
   */
  static void build(Path scratch) throws IOException, InterruptedException {
    WarmUpLayer layer = layer(scratch);
    LayerBlob blob = new Bytes(layer.blob());
    for (int round = 0; round < ROUNDS; round++) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Path directory = Files.createTempDirectory(scratch, "index");
      try (LayerIndex index =
          LayerIndex.build(
              blob, new TocTrust.Expected(layer.tocDigest()), directory, LayerLimits.DEFAULT)) {
        if (index.tree().inodeCount() < DIRECTORIES * FILES_EACH) {
          throw new IOException("the index lacks entries");
        }
      } finally {
        SnapshotDirectories.deleteTree(directory);
      }
    }
  }

  /** Hashes something, as chunks are: until a processor's instructions for it are made use of. */
  static void hash() {
    MessageDigest sha256 = Digest.hasher(Digest.SHA256);
    ByteBuffer bytes = ByteBuffer.allocate(HASHED_AT_ONCE_BYTES);
    for (int hashed = 0; hashed < HASHED_BYTES; hashed += HASHED_AT_ONCE_BYTES) {
      sha256.update(bytes.clear());
    }
    var _ = sha256.digest();
  }

  private static WarmUpLayer layer(Path scratch) throws IOException {
    WarmUpTar tar = new WarmUpTar();
    tar.add("./usr/", '5', "", 0);
    for (int i = 0; i < DIRECTORIES; i++) {
      String directory = "./usr/share/directory-" + i + "/nested/";
      tar.add(directory, '5', "", 0);
      String first = directory + "file-0.conf";
      for (int j = 0; j < FILES_EACH; j++) {
        if ((i & 1) != 0) {
          tar.modified("17000" + (10_000 + i) + ".%09d".formatted(1 + 7_919 * j));
        }
        tar.add(directory + "file-" + j + ".conf", '0', "", 1);
      }
      tar.add(directory + "link", '2', "file-1.conf", 0);
      tar.add(directory + "same", '1', first, 0);
    }
    return WarmUpLayer.make(tar, List.of(), scratch);
  }

  private static final class Bytes implements LayerBlob {
    private final byte[] bytes;

    Bytes(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) {
      Objects.checkFromIndexSize(offsetBytes, lengthBytes, bytes.length);
      return new ByteArrayInputStream(bytes, (int) offsetBytes, (int) lengthBytes);
    }
  }
}
