/**
 * Garbage collection: what nothing refers to goes.
 *
 * <p>Start reading at {@link io.morsel.runtime.gc.Collector}, which {@link
 * io.morsel.runtime.gc.Scheduler} runs; {@link io.morsel.runtime.gc.Marker} knows what refers to
 * what.
 */
@NullMarked
package io.morsel.runtime.gc;

import org.jspecify.annotations.NullMarked;
