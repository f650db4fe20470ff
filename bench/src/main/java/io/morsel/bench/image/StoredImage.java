package io.morsel.bench.image;

/**
 * One image in the cache's registry.
 *
 * @param name repository and tag, without the registry
 * @param digest of its manifest
 * @param compressedBytes its layers together, as they are pulled
 */
public record StoredImage(String name, String digest, long compressedBytes) {}
