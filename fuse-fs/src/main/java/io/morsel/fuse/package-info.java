/**
 * Shows a layer to the kernel as a read-only filesystem, through FUSE.
 *
 * <p>Start reading at {@link io.morsel.fuse.FuseMounter}. One tree, two front ends that pass one
 * contract: {@code /dev/fuse} directly, and jnr-fuse.
 */
@NullMarked
package io.morsel.fuse;

import org.jspecify.annotations.NullMarked;
