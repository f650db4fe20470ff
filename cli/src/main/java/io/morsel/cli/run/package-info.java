/**
 * {@code morsel run}: a client of a core that pulls an image lazily where it has to, makes a
 * container of it, and is its terminal, its signals and its exit code until it ends.
 *
 * <p>Start reading at {@link io.morsel.cli.run.RunJob}.
 */
@NullMarked
package io.morsel.cli.run;

import org.jspecify.annotations.NullMarked;
