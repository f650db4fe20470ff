/**
 * Networks between a client and the registry: shaped by the kernel where it can, by a proxy where
 * not, and counted always.
 *
 * <p>Start reading at {@link io.morsel.bench.net.Link}.
 */
@NullMarked
package io.morsel.bench.net;

import org.jspecify.annotations.NullMarked;
