/** Tests of the fleet; {@code FleetGroupTest} runs a small one. */
@NullMarked
package io.morsel.bench.fleet;

import org.jspecify.annotations.NullMarked;
