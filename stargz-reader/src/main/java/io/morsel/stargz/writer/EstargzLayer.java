package io.morsel.stargz.writer;

import java.util.List;

/**
 * A layer that was written; what manifest and config need to know of it.
 *
 * @param digest of the blob, as {@code sha256:…}
 * @param sizeBytes of the blob
 * @param diffId digest of the uncompressed tar, as {@code sha256:…}
 * @param uncompressedBytes size of that tar, with landmark and TOC
 * @param tocDigest digest of the uncompressed TOC, as {@code sha256:…}
 * @param missingPrioritizedFiles prioritized files that the layer does not have
 */
public record EstargzLayer(
    String digest,
    long sizeBytes,
    String diffId,
    long uncompressedBytes,
    String tocDigest,
    List<String> missingPrioritizedFiles) {}
