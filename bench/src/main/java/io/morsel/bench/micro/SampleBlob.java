package io.morsel.bench.micro;

import io.morsel.bench.host.HostException;
import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** An eStargz layer in memory, with equal files made up from a seed in its one directory. */
final class SampleBlob implements RemoteBlob, LayerBlob {
  /** The directory that holds the files, named {@code module-0000000.py} and so on. */
  static final String DIRECTORY = "site-packages";

  private static final String[] WORDS = {
    "return ", "self.", "import ", "    def ", "None\n", "value", "(index, ", "): \n", "for ", "in "
  };

  private final EstargzLayer layer;
  private final byte[] blob;

  private SampleBlob(EstargzLayer layer, byte[] blob) {
    this.layer = layer;
    this.blob = blob;
  }

  /** A layer of so many files, cut into chunks of this size. */
  static SampleBlob of(int files, int fileBytes, int chunkBytes) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    for (int i = 0; i < files; i++) {
      byte[] content = content(i, fileBytes);
      TarHeaders.write(TarEntry.file(DIRECTORY + "/" + name(i), 0644, fileBytes), tar);
      tar.writeBytes(content);
      tar.writeBytes(new byte[TarHeaders.padding(fileBytes)]);
    }
    tar.writeBytes(new byte[TarHeaders.END_BYTES]);
    EstargzOptions options =
        new EstargzOptions(LayerFormat.ESTARGZ, chunkBytes, 0, 6, List.of(), LayerLimits.DEFAULT);
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    Path scratch = Files.createTempDirectory("bench-micro-");
    try (ExecutorService compressors = Executors.newFixedThreadPool(2)) {
      EstargzLayer layer =
          new EstargzWriter(options, compressors, scratch)
              .write(new ByteArrayInputStream(tar.toByteArray()), blob, (done, total) -> {});
      return new SampleBlob(layer, blob.toByteArray());
    } finally {
      delete(scratch);
    }
  }

  static String name(int file) {
    return "module-%07d.py".formatted(file);
  }

  /** A file's content: text that repeats itself as code does, and some that can't be compressed. */
  static byte[] content(int file, int bytes) {
    Random random = new Random(file);
    ByteBuffer content = ByteBuffer.allocate(bytes);
    byte[] noise = new byte[24];
    while (content.hasRemaining()) {
      byte[] next = WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.US_ASCII);
      if (random.nextInt(12) == 0) {
        random.nextBytes(noise);
        next = noise;
      }
      content.put(next, 0, Math.min(next.length, content.remaining()));
    }
    return content.array();
  }

  @Override
  public Digest digest() {
    return Digest.parse(layer.digest());
  }

  @Override
  public long sizeBytes() {
    return blob.length;
  }

  /** Digest of the TOC, as {@code sha256:…}. */
  String tocDigest() {
    return layer.tocDigest();
  }

  @Override
  public InputStream open(long offsetBytes, long lengthBytes) {
    return new ByteArrayInputStream(
        blob, Math.toIntExact(offsetBytes), Math.toIntExact(lengthBytes));
  }

  /** A range of the blob, in memory that decoders read without a copy. */
  ByteBuffer direct(long offsetBytes, long lengthBytes) {
    int bytes = Math.toIntExact(lengthBytes);
    return ByteBuffer.allocateDirect(bytes).put(blob, Math.toIntExact(offsetBytes), bytes).flip();
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Fails a benchmark whose result is not what it has to be. */
  static void check(boolean right, String what) {
    if (!right) {
      throw new HostException("the benchmark got a wrong result: " + what);
    }
  }
}
