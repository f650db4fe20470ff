/**
 * The commands of {@code bench/run}.
 *
 * <p>Start reading at a command's {@code call}.
 */
@NullMarked
package io.morsel.bench.command;

import org.jspecify.annotations.NullMarked;
