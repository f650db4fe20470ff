/**
 * A run of the bench: its groups, and how one sample is taken and checked.
 *
 * <p>Start reading at {@link io.morsel.bench.run.RunJob}; {@code ColdStart} is the heart of it.
 */
@NullMarked
package io.morsel.bench.run;

import org.jspecify.annotations.NullMarked;
