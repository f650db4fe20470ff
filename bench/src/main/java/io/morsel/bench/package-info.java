/**
 * The bench: Morsel, a full pull, and any other snapshotter, side by side in one run on one
 * machine.
 */
@NullMarked
package io.morsel.bench;

import org.jspecify.annotations.NullMarked;
