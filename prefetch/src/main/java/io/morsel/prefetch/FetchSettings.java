package io.morsel.prefetch;

import io.morsel.stargz.LayerLimits;

/**
 * What an operator may set about fetching.
 *
 * @param prefetch whether to fetch up to the landmark at once
 * @param backgroundFill whether to fetch the rest of a layer when nobody waits
 * @param backgroundFillDelayMillis for how long no reader must have missed anything, and no layer
 *     been opened, before that; a layer of a node that is never quiet waits 15 times as long
 * @param maxRequests requests in flight to registries, all layers together; two of them are kept
 *     for readers, so fewer than three count as three
 * @param maxRequestBytes length of one range request
 * @param readAheadBytes the most that a miss brings along of what stands behind it in the blob;
 *     twice as much with each miss that follows on the last one, up to four times; 0 for nothing
 * @param hotChunkBytes size of the in-memory tier
 * @param readTimeoutMillis how long a reader waits for a chunk, retries included, before EIO
 * @param allowUnverifiedToc whether a layer whose manifest names no TOC digest may be used lazily
 * @param limits bounds on what a layer may claim
 */
public record FetchSettings(
    boolean prefetch,
    boolean backgroundFill,
    long backgroundFillDelayMillis,
    int maxRequests,
    int maxRequestBytes,
    int readAheadBytes,
    long hotChunkBytes,
    long readTimeoutMillis,
    boolean allowUnverifiedToc,
    LayerLimits limits) {
  /** What serves most nodes. */
  public static final FetchSettings DEFAULT =
      new FetchSettings(
          true, true, 3_000, 8, 8 << 20, 128 << 10, 32L << 20, 60_000, false, LayerLimits.DEFAULT);
}
