/**
 * What a run found: samples, cells, and the file that they are kept in.
 *
 * <p>Start reading at {@link io.morsel.bench.result.BenchResult}.
 */
@NullMarked
package io.morsel.bench.result;

import org.jspecify.annotations.NullMarked;
