/**
 * A client for OCI registries: references, descriptors, manifests, and blobs read at random.
 *
 * <p>Start reading at {@link io.morsel.registry.RemoteBlob}, which is what lazy pulling needs of a
 * registry. Nothing here knows of Morsel or of layer formats.
 */
@NullMarked
package io.morsel.registry;

import org.jspecify.annotations.NullMarked;
