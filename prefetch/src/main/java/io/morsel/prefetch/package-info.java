/**
 * The fetch engine: what to fetch of a layer, when, in which order, and where it is kept.
 *
 * <p>Start reading at {@link io.morsel.prefetch.Layer#ensure}: readers, prefetchers and the
 * background fill differ only in the priority with which they call it.
 *
 * <p>Inside, {@code LayerReader} waits, {@code LayerFlights} knows what is wanted of a layer and
 * plans requests, {@code FetchScheduler} decides which layer sends the next one, {@code
 * RequestRunner} reads it, {@code DecodePool} decodes and {@code LayerData} stores what came;
 * {@code LayerSync} puts the bitmap on the disk. {@link io.morsel.prefetch.LayerStore} is where
 * layers are.
 */
@NullMarked
package io.morsel.prefetch;

import org.jspecify.annotations.NullMarked;
