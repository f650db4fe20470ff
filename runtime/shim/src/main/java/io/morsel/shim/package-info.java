/**
 * containerd's shims (runtime v2): launching one for a bundle, calling its task service, finding it
 * again after a restart, and noticing its death.
 *
 * <p>Start reading at {@link io.morsel.shim.ShimManager}, which makes a {@link io.morsel.shim.Shim}
 * out of a {@link io.morsel.shim.Bundle}. Nothing here knows a particular runtime.
 */
@NullMarked
package io.morsel.shim;

import org.jspecify.annotations.NullMarked;
