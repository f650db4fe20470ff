package io.morsel.runtime.diff;

import io.morsel.stargz.LayerStreams;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A layer's uncompressed tar, decompressed and hashed by a thread of its own while another one
 * reads it here.
 *
 * <p>Reading goes on to the very end of the blob, behind the end of the tar: the digests are those
 * of everything.
 */
final class LayerInput extends InputStream {
  private static final int CHUNK_BYTES = 256 << 10;
  private static final int CHUNKS_AHEAD = 8;

  /** A part of the tar, its end, or why there is no more. */
  private sealed interface Event {}

  @SuppressWarnings("ArrayRecordComponent") // handed from one thread to the other, never compared
  private record Chunk(byte[] bytes, int length) implements Event {}

  private record End(long sizeBytes, String tarDigest, String blobDigest) implements Event {}

  private record Failure(IOException cause) implements Event {}

  private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(CHUNKS_AHEAD);
  private final Thread decompressor;
  private Chunk current = new Chunk(new byte[0], 0);
  private int position;
  private @Nullable End end;

  private LayerInput(InputStream blob, boolean compressed, String algorithm) {
    this.decompressor =
        Thread.ofPlatform()
            .daemon()
            .name("layer-decompressor")
            .unstarted(() -> decompress(blob, compressed, algorithm));
  }

  /**
   * Begins to read a layer.
   *
   * @param blob closed with this, not before
   * @param compressed whether to find out by its first bytes how it is compressed
   * @param algorithm of the blob's digest, such as {@code sha256}
   */
  static LayerInput open(InputStream blob, boolean compressed, String algorithm) {
    LayerInput input = new LayerInput(blob, compressed, algorithm);
    input.decompressor.start();
    return input;
  }

  private void decompress(InputStream blob, boolean compressed, String algorithm) {
    try {
      try {
        events.put(readAll(blob, compressed, algorithm));
      } catch (IOException e) {
        events.put(new Failure(e));
      } catch (RuntimeException e) {
        events.put(new Failure(new IOException("unexpected failure: " + e, e)));
      }
    } catch (InterruptedException e) {
      // Nobody reads any more.
      Thread.currentThread().interrupt();
    }
  }

  private End readAll(InputStream blob, boolean compressed, String algorithm)
      throws IOException, InterruptedException {
    MessageDigest blobHash = LayerDigests.hash(algorithm);
    MessageDigest tarHash = LayerDigests.hash(LayerDigests.CANONICAL);
    long size = 0;
    InputStream hashed = new HashedInput(blob, blobHash);
    try (InputStream tar = compressed ? LayerStreams.uncompressed(hashed) : hashed) {
      while (true) {
        byte[] bytes = new byte[CHUNK_BYTES];
        int length = tar.readNBytes(bytes, 0, bytes.length);
        if (length == 0) {
          break;
        }
        tarHash.update(bytes, 0, length);
        size += length;
        events.put(new Chunk(bytes, length));
      }
      // A decompressor may stop before the last bytes.
      hashed.transferTo(java.io.OutputStream.nullOutputStream());
    }
    return new End(
        size,
        LayerDigests.digest(LayerDigests.CANONICAL, tarHash),
        LayerDigests.digest(algorithm, blobHash));
  }

  /** Hashes what passes; closed by whoever closes the blob. */
  private static final class HashedInput extends FilterInputStream {
    private final MessageDigest hash;

    HashedInput(InputStream source, MessageDigest hash) {
      super(source);
      this.hash = hash;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = super.read(target, offset, length);
      if (read > 0) {
        hash.update(target, offset, read);
      }
      return read;
    }

    @Override
    public void close() {
      // The blob is the caller's.
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (position == current.length()) {
      if (end != null) {
        return -1;
      }
      switch (next()) {
        case Chunk chunk -> {
          current = chunk;
          position = 0;
        }
        case End last -> end = last;
        case Failure failure ->
            throw new IOException(failure.cause().getMessage(), failure.cause());
      }
    }
    int read = Math.min(length, current.length() - position);
    System.arraycopy(current.bytes(), position, target, offset, read);
    position += read;
    return read;
  }

  private Event next() throws IOException {
    try {
      return events.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private End end() {
    if (end == null) {
      throw new IllegalStateException("the layer is not read to its end");
    }
    return end;
  }

  /** The size of the whole tar, once it is read to its end. */
  long sizeBytes() {
    return end().sizeBytes();
  }

  /** The digest of the whole tar, once it is read to its end. */
  String tarDigest() {
    return end().tarDigest();
  }

  /** The digest of the blob, once it is read to its end. */
  String blobDigest() {
    return end().blobDigest();
  }

  /** Ends the thread that decompresses; the blob may be closed then. */
  @Override
  public void close() {
    decompressor.interrupt();
    boolean interrupted = false;
    while (decompressor.isAlive()) {
      try {
        decompressor.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
