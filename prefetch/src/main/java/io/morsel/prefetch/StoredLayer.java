package io.morsel.prefetch;

/**
 * A layer on the disk.
 *
 * @param source where it comes from
 * @param allocatedBytes what its files take of the disk
 * @param open whether a handle on it is open
 */
public record StoredLayer(LayerSource source, long allocatedBytes, boolean open) {}
