/**
 * Many nodes that start one image against one registry at once, with and without a cache at their
 * site; and a model that extends what was measured to more nodes than one machine can simulate.
 *
 * <p>Start reading at {@link io.morsel.bench.fleet.FleetGroup}.
 */
@NullMarked
package io.morsel.bench.fleet;

import org.jspecify.annotations.NullMarked;
