package io.morsel.prefetch;

import io.morsel.stargz.ChunkDecoder;
import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerFormatException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * A layer made up from a seed: data, chunks, and a blob whose "compression" is an exclusive or, so
 * that a test can say for each byte of the blob where it ends up.
 */
final class SampleLayer implements ChunkTable, ChunkDecoder {
  private static final byte KEY = 0x5a;

  private record Chunk(
      long dataOffset, int dataLength, long blobOffset, long blobLength, long innerOffset) {}

  final byte[] data;
  final byte[] blob;

  /** How often each chunk was decoded. */
  final AtomicIntegerArray decoded;

  private final List<Chunk> chunks;
  private final List<byte[]> digests = new ArrayList<>();

  private SampleLayer(byte[] data, byte[] blob, List<Chunk> chunks) {
    this.data = data;
    this.blob = blob;
    this.chunks = chunks;
    this.decoded = new AtomicIntegerArray(chunks.size());
    for (Chunk chunk : chunks) {
      MessageDigest sha256 = newSha256();
      sha256.update(data, (int) chunk.dataOffset(), chunk.dataLength());
      digests.add(sha256.digest());
    }
  }

  /** Equal chunks without gaps: one file. */
  static SampleLayer uniform(int count, int chunkBytes) {
    return build(new Random(count), count, chunkBytes, chunkBytes, 0, 0, false);
  }

  /** Many small files in one compressed stream. */
  static SampleLayer oneStream(int count, int chunkBytes) {
    SampleLayer uniform = uniform(count, chunkBytes);
    List<Chunk> chunks = new ArrayList<>();
    for (Chunk c : uniform.chunks) {
      chunks.add(new Chunk(c.dataOffset(), c.dataLength(), 0, uniform.blob.length, c.blobOffset()));
    }
    return new SampleLayer(uniform.data, uniform.blob, chunks);
  }

  /** Files of several chunks, padding between them, gaps in the blob, shared streams. */
  static SampleLayer random(Random random) {
    boolean shuffled = random.nextInt(8) == 0;
    return build(random, 1 + random.nextInt(120), 1, 1 + random.nextInt(40_000), 4, 4, shuffled);
  }

  private static SampleLayer build(
      Random random,
      int count,
      int minBytes,
      int maxBytes,
      int gapOdds,
      int sharedOdds,
      boolean shuffled) {
    int[] lengths = new int[count];
    long[] offsets = new long[count];
    long dataBytes = 0;
    for (int i = 0; i < count; i++) {
      if (gapOdds > 0 && random.nextInt(gapOdds) == 0) {
        dataBytes = (dataBytes + 4095) & ~4095L;
      }
      lengths[i] = minBytes + random.nextInt(maxBytes - minBytes + 1);
      offsets[i] = dataBytes;
      dataBytes += lengths[i];
    }
    byte[] data = new byte[(int) dataBytes];
    for (int i = 0; i < count; i++) {
      byte[] bytes = new byte[lengths[i]];
      random.nextBytes(bytes);
      System.arraycopy(bytes, 0, data, (int) offsets[i], bytes.length);
    }
    // Streams of one chunk or several, then their order in the blob.
    List<int[]> streams = new ArrayList<>();
    for (int i = 0; i < count; ) {
      int size = sharedOdds > 0 && random.nextInt(sharedOdds) == 0 ? 1 + random.nextInt(6) : 1;
      streams.add(new int[] {i, Math.min(count, i + size)});
      i += size;
    }
    List<int[]> order = new ArrayList<>(streams);
    if (shuffled) {
      Collections.shuffle(order, random);
    }
    Chunk[] chunks = new Chunk[count];
    long blobBytes = 0;
    for (int[] stream : order) {
      if (gapOdds > 0 && random.nextInt(gapOdds) == 0) {
        blobBytes += random.nextInt(100_000);
      }
      long length = 0;
      for (int i = stream[0]; i < stream[1]; i++) {
        length += lengths[i];
      }
      long inner = 0;
      boolean prefixes = sharedOdds > 0 && random.nextBoolean();
      for (int i = stream[0]; i < stream[1]; i++) {
        chunks[i] =
            new Chunk(
                offsets[i], lengths[i], blobBytes, prefixes ? inner + lengths[i] : length, inner);
        inner += lengths[i];
      }
      blobBytes += length;
    }
    byte[] blob = new byte[(int) blobBytes];
    random.nextBytes(blob);
    for (Chunk chunk : chunks) {
      for (int j = 0; j < chunk.dataLength(); j++) {
        blob[(int) (chunk.blobOffset() + chunk.innerOffset()) + j] =
            (byte) (data[(int) chunk.dataOffset() + j] ^ KEY);
      }
    }
    return new SampleLayer(data, blob, Arrays.asList(chunks));
  }

  LayerData.Spec spec(Path directory, OptionalLong prefetchEnd) {
    return new LayerData.Spec(
        "sha256:5a",
        directory,
        "5a".repeat(32),
        this,
        this,
        data.length,
        prefetchEnd,
        chunk -> "file-" + chunk);
  }

  @Override
  public void decode(int chunk, ByteBuffer compressed, ByteBuffer content)
      throws LayerFormatException {
    decoded.incrementAndGet(chunk);
    Chunk c = chunks.get(chunk);
    if (compressed.remaining() != c.blobLength()) {
      throw new AssertionError("got " + compressed.remaining() + " bytes for " + c);
    }
    byte[] bytes = new byte[c.dataLength()];
    compressed.get(compressed.position() + (int) c.innerOffset(), bytes);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] ^= KEY;
    }
    content.put(bytes);
    if (!Arrays.equals(newSha256().digest(bytes), digests.get(chunk))) {
      throw new LayerFormatException(
          LayerFormatException.Kind.CHUNK_DIGEST_MISMATCH, "the digest differs");
    }
  }

  @Override
  public int count() {
    return chunks.size();
  }

  @Override
  public long dataOffset(int chunk) {
    return chunks.get(chunk).dataOffset();
  }

  @Override
  public int dataLength(int chunk) {
    return chunks.get(chunk).dataLength();
  }

  @Override
  public long blobOffset(int chunk) {
    return chunks.get(chunk).blobOffset();
  }

  @Override
  public long blobLength(int chunk) {
    return chunks.get(chunk).blobLength();
  }

  @Override
  public long innerOffset(int chunk) {
    return chunks.get(chunk).innerOffset();
  }

  @Override
  public void sha256(int chunk, byte[] target) {
    System.arraycopy(digests.get(chunk), 0, target, 0, 32);
  }

  @Override
  public int firstEndingAfter(long dataOffset) {
    int i = 0;
    while (i < chunks.size() && dataOffset(i) + dataLength(i) <= dataOffset) {
      i++;
    }
    return i;
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
