package io.morsel.stargz;

/**
 * The chunks of a layer, ordered by their place in the layer's data.
 *
 * <p>"Data" is the layer's sparse data file: each regular file's uncompressed bytes, starting at a
 * 4 KiB boundary, contiguous. Chunk {@code i} covers {@code [dataOffset(i), dataOffset(i) +
 * dataLength(i))}; chunks do not overlap, and the gaps between them are the padding between files.
 * Safe for use by many threads; allocates nothing.
 */
public interface ChunkTable {
  /** How many chunks there are. */
  int count();

  /** Where the chunk's uncompressed bytes start in the layer's data. */
  long dataOffset(int chunk);

  /** How many uncompressed bytes the chunk has. */
  int dataLength(int chunk);

  /** Where the compressed stream that holds the chunk starts in the blob. */
  long blobOffset(int chunk);

  /**
   * How many bytes of the blob to read for the chunk; at most 2^31 - 1. They may go over several
   * gzip members, which are to be decoded as one stream (legacy stargz has digests of whole files
   * only, so that all members of a file are one chunk), may contain more than the chunk, and may
   * end before the last member does, though never before the chunk.
   */
  long blobLength(int chunk);

  /** How many uncompressed bytes of that stream precede the chunk. */
  long innerOffset(int chunk);

  /** Copies the 32 bytes of the chunk's SHA-256 into {@code target}. */
  void sha256(int chunk, byte[] target);

  /**
   * The first chunk that ends after {@code dataOffset}: the one that holds the byte, or else the
   * next one; {@link #count()} where there is none.
   */
  int firstEndingAfter(long dataOffset);
}
