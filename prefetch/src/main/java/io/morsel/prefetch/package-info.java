/**
 * The fetch engine: what to fetch of a layer, when, in which order, and where it is kept.
 *
 * <p>Start reading at {@link io.morsel.prefetch.Layer#ensure}: readers, prefetchers and the
 * background fill differ only in the priority with which they call it.
 */
@NullMarked
package io.morsel.prefetch;

import org.jspecify.annotations.NullMarked;
