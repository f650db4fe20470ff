package io.morsel.snapshotter;

import io.morsel.fuse.Mountinfo;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A layer of small files, in eStargz, for the {@link WarmUp} and for rehearsals. */
public final class WarmUpLayer {
  private static final int CHUNK_BYTES = 4 << 10;
  private static final int FILE_BYTES = 3 * CHUNK_BYTES + 1;

  /** How many chunks the files of {@link #lower} have that stand before {@link #MISSED}. */
  static final int FIRST_CHUNKS = 12;

  /** Files that are there to be missed one by one: as many as real starts miss, and some more. */
  private static final int MISSED = 150;

  /** Prime to their number: each is read far from the one before. */
  private static final int STRIDE = 47;

  private static final int READ_SECONDS = 10;

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
   * Makes the layers of an image, from the lowest on. The second lacks its directories, as layers
   * do that have only what was changed.
   *
   * @param scratch a directory for what is written meanwhile
   */
  public static List<WarmUpLayer> image(Path scratch) throws IOException {
    return List.of(lower(scratch), upper(scratch));
  }

  private static WarmUpLayer lower(Path scratch) throws IOException {
    WarmUpTar tar = new WarmUpTar();
    tar.add("bin/", '5', "", 0);
    for (String name : List.of("bin/a", "bin/b", "bin/c")) {
      tar.add(name, '0', "", FILE_BYTES);
    }
    tar.add("bin/link", '2', "a", 0);
    tar.add("bin/same", '1', "bin/b", 0);
    tar.add("share/", '5', "", 0);
    for (int i = 0; i < MISSED; i++) {
      tar.add(missed(i), '0', "", CHUNK_BYTES);
    }
    // Never read, since the kernel reads a complete layer by itself.
    tar.add("share/rest", '0', "", CHUNK_BYTES);
    return make(tar, List.of("bin/a"), scratch);
  }

  private static WarmUpLayer upper(Path scratch) throws IOException {
    WarmUpTar tar = new WarmUpTar();
    tar.attribute("user.morsel", "warm-up");
    tar.add("bin/upper", '0', "", FILE_BYTES);
    tar.add("share/upper", '0', "", FILE_BYTES);
    return make(tar, List.of(), scratch);
  }

  private static String missed(int number) {
    return "share/" + number;
  }

  /**
   * Reads files of the lowest layer where it was mounted last, most of them far from the one
   * before; in each mount they are read anew, from the registry for the first time. By another
   * process, since a daemon that reads its own mount may wait for itself.
   *
   * @param directory below which it is mounted
   * @throws IOException if it isn't mounted, or one of the files can't be read
   */
  public static void read(Path directory) throws IOException, InterruptedException {
    Path lower =
        Mountinfo.under(directory).reversed().stream()
            .map(Mountinfo::mountPoint)
            .filter(mount -> Files.exists(mount.resolve(missed(0))))
            .findFirst()
            .orElseThrow(() -> new IOException("the layer was not mounted; the log says why"));
    List<String> command = new ArrayList<>(List.of("cat", "bin/a", "bin/b", "bin/c"));
    for (int i = 0; i < MISSED; i++) {
      command.add(missed(i * STRIDE % MISSED));
    }
    Process reader =
        new ProcessBuilder(command)
            .directory(lower.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!reader.waitFor(READ_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("reading takes too long");
      }
      if (reader.exitValue() != 0) {
        throw new IOException("a mounted layer can't be read");
      }
    } finally {
      reader.destroyForcibly();
    }
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
