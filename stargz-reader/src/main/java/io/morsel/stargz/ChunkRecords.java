package io.morsel.stargz;

import java.util.Arrays;

/** Chunks while a TOC is being read: growing columns instead of an object for each. */
final class ChunkRecords {
  static final int DIGEST_BYTES = 32;

  private int count;
  private long[] blobOffsets = new long[64];
  private long[] innerOffsets = new long[64];
  private long[] chunkOffsets = new long[64];
  private long[] lengths = new long[64];

  /** Where the last stream starts that holds a part of the chunk: several, where merged. */
  private long[] lastBlobOffsets = new long[64];

  private byte[] digests = new byte[64 * DIGEST_BYTES];

  int count() {
    return count;
  }

  /**
   * Adds a chunk.
   *
   * @param digest 32 bytes; all 0 while it has none
   */
  void add(long blobOffset, long innerOffset, long chunkOffset, long length, byte[] digest) {
    if (count == blobOffsets.length) {
      int larger = Math.toIntExact(Math.min(count + (count >> 1), Integer.MAX_VALUE / 32L));
      blobOffsets = Arrays.copyOf(blobOffsets, larger);
      innerOffsets = Arrays.copyOf(innerOffsets, larger);
      chunkOffsets = Arrays.copyOf(chunkOffsets, larger);
      lengths = Arrays.copyOf(lengths, larger);
      lastBlobOffsets = Arrays.copyOf(lastBlobOffsets, larger);
      digests = Arrays.copyOf(digests, larger * DIGEST_BYTES);
    }
    blobOffsets[count] = blobOffset;
    innerOffsets[count] = innerOffset;
    chunkOffsets[count] = chunkOffset;
    lengths[count] = length;
    lastBlobOffsets[count] = blobOffset;
    System.arraycopy(digest, 0, digests, count * DIGEST_BYTES, DIGEST_BYTES);
    count++;
  }

  /** Makes one chunk of all from {@code first} on, with one digest. */
  void merge(int first, byte[] digest) {
    lastBlobOffsets[first] = blobOffsets[count - 1];
    lengths[first] = chunkOffsets[count - 1] + lengths[count - 1] - chunkOffsets[first];
    System.arraycopy(digest, 0, digests, first * DIGEST_BYTES, DIGEST_BYTES);
    count = first + 1;
  }

  void truncate(int newCount) {
    count = newCount;
  }

  long blobOffset(int chunk) {
    return blobOffsets[chunk];
  }

  long lastBlobOffset(int chunk) {
    return lastBlobOffsets[chunk];
  }

  long innerOffset(int chunk) {
    return innerOffsets[chunk];
  }

  /** Where the chunk starts in its file. */
  long chunkOffset(int chunk) {
    return chunkOffsets[chunk];
  }

  long length(int chunk) {
    return lengths[chunk];
  }

  boolean hasDigest(int chunk) {
    for (int i = chunk * DIGEST_BYTES; i < (chunk + 1) * DIGEST_BYTES; i++) {
      if (digests[i] != 0) {
        return true;
      }
    }
    return false;
  }

  void digest(int chunk, byte[] target) {
    System.arraycopy(digests, chunk * DIGEST_BYTES, target, 0, DIGEST_BYTES);
  }

  void digest(int chunk, java.nio.ByteBuffer target) {
    target.put(digests, chunk * DIGEST_BYTES, DIGEST_BYTES);
  }
}
