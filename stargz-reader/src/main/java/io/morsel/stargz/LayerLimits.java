package io.morsel.stargz;

/**
 * Bounds on what a layer, which is hostile input, may make a reader allocate.
 *
 * @param maxTocBytes size of the uncompressed TOC
 * @param maxEntries entries in the TOC, chunks included
 * @param maxDepth path components of an entry
 * @param maxChunkBytes uncompressed size of one chunk
 * @param maxDataBytes uncompressed size of all regular files together
 * @param maxXattrBytes names and values of one inode's extended attributes together
 */
public record LayerLimits(
    long maxTocBytes,
    int maxEntries,
    int maxDepth,
    int maxChunkBytes,
    long maxDataBytes,
    int maxXattrBytes) {
  /** Bounds that no image seen in the wild comes near. */
  public static final LayerLimits DEFAULT =
      new LayerLimits(1L << 30, 8_000_000, 1_024, 64 << 20, 4L << 40, 64 << 10);
}
