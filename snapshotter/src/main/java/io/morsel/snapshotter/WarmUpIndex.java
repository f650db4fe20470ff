package io.morsel.snapshotter;

import io.morsel.prefetch.FetchObserver;
import io.morsel.prefetch.FetchPriority;
import io.morsel.prefetch.FetchSettings;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerSource;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.Digest;
import io.morsel.stargz.LayerLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/**
 * Indexes a layer and fetches all of it, a few times, and hashes, so that the code which does is
 * compiled when the first real layer comes: that has thousands of files, and interpreted code needs
 * several times as long.
 *
 * <p>The layer has hundreds of entries of every kind, which is few: what is indexed for nothing
 * leaves its garbage behind, and the compiler counts calls, not layers.
 */
final class WarmUpIndex {
  private static final int DIRECTORIES = 40;
  private static final int FILES_EACH = 15;

  /** Nothing is fetched but by readers, since the bytes are there. */
  private static final FetchSettings SETTINGS =
      new FetchSettings(false, false, 0, 4, 1 << 20, 0, 0, 10_000, false, LayerLimits.DEFAULT);

  /** After how much the virtual machine has the processor hash, from experience, and some more. */
  private static final int HASHED_BYTES = 8 << 20;

  private static final int HASHED_AT_ONCE_BYTES = 64 << 10;

  private WarmUpIndex() {}

  /**
   * Goes through it, after some hashing.
   *
   * @param rounds how often
   * @param scratch a directory for what is written meanwhile
   * @throws InterruptedException if the warm-up is stopped before the end
   */
  static void build(int rounds, Path scratch, WarmUp warmUp)
      throws IOException, InterruptedException {
    hash();
    WarmUpLayer layer = layer(scratch);
    WarmUpBlob blob = layer.asBlob();
    LayerSource source =
        new LayerSource("warm-up", blob.digest(), blob.sizeBytes(), layer.tocDigest());
    for (int round = 0; round < rounds; round++) {
      warmUp.checkNotStopped();
      Path directory = Files.createTempDirectory(scratch, "index");
      try (LayerStore store = new LayerStore(directory, SETTINGS, FetchObserver.NONE);
          Layer opened = store.open(source, blob)) {
        if (opened.tree().inodeCount() < DIRECTORIES * FILES_EACH) {
          throw new IOException("the index lacks entries");
        }
        // Not all: that a layer is complete is told in the log.
        opened.ensure(0, opened.dataBytes() / 10 * 9, FetchPriority.DEMAND);
      } finally {
        SnapshotDirectories.deleteTree(directory);
      }
    }
  }

  /** Hashes something, as chunks are: until a processor's instructions for it are made use of. */
  private static void hash() {
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
}
