/**
 * Transfers: images pulled, pushed, named, imported and exported by the core itself, as containerd
 * 2.x does it for its clients.
 *
 * <p>Start reading at {@link io.morsel.runtime.transfer.TransferService}, which decides by what is
 * given as source and destination; {@code Pull} is what most clients call it for.
 */
@NullMarked
package io.morsel.runtime.transfer;

import org.jspecify.annotations.NullMarked;
