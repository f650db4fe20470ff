/**
 * The kernel's FUSE protocol: descriptors of the structures in {@code <linux/fuse.h>}.
 *
 * <p>A descriptor names where each field lies and reads or writes it in place; nothing is copied
 * into objects. Start reading at {@link io.morsel.fuse.protocol.InHeader} and {@link
 * io.morsel.fuse.protocol.Opcode}.
 */
@NullMarked
package io.morsel.fuse.protocol;

import org.jspecify.annotations.NullMarked;
