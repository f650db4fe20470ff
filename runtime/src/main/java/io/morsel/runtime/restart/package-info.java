/**
 * Containers that are started again when they have ended, as containerd's restart monitor does it:
 * by labels, which any client may set.
 *
 * <p>Start reading at {@link io.morsel.runtime.restart.RestartMonitor}.
 */
@NullMarked
package io.morsel.runtime.restart;

import org.jspecify.annotations.NullMarked;
