/**
 * The runtime core: containerd's services in one process, with no containerd.
 *
 * <p>Start reading at {@link io.morsel.runtime.Core}, which puts the parts together.
 */
@NullMarked
package io.morsel.runtime;

import org.jspecify.annotations.NullMarked;
