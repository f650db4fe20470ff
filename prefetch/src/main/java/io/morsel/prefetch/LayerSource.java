package io.morsel.prefetch;

import io.morsel.registry.Digest;

/**
 * Where a layer comes from; kept as {@code source.json} beside the layer.
 *
 * @param reference the image reference that the layer was first seen under
 * @param digest the layer's digest
 * @param sizeBytes the compressed layer's size
 * @param tocDigest the TOC digest that the manifest names, as {@code sha256:…}; empty where it
 *     names none
 */
public record LayerSource(String reference, Digest digest, long sizeBytes, String tocDigest) {}
