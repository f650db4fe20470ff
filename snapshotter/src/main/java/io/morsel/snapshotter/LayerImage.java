package io.morsel.snapshotter;

import io.morsel.registry.Digest;
import io.morsel.registry.ImageReference;

/**
 * The image that a layer was found in.
 *
 * @param reference where it is
 * @param manifest the digest of its manifest for one platform
 * @param layerBytes the compressed size of all its layers
 */
record LayerImage(ImageReference reference, Digest manifest, long layerBytes) {}
