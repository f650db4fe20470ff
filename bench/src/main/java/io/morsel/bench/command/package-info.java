/**
 * The commands of {@code bench/run}.
 *
 * <p>Start reading at {@code io.morsel.bench.Main}, which registers them.
 */
@NullMarked
package io.morsel.bench.command;

import org.jspecify.annotations.NullMarked;
