/**
 * The command line of {@code bench/run}.
 *
 * <p>Start reading at {@link io.morsel.bench.command.Main}. Each command's class holds its options
 * and nothing else.
 */
@NullMarked
package io.morsel.bench.command;

import org.jspecify.annotations.NullMarked;
