/**
 * EROFS metadata images: a writer and a reader for the part of the format that a layer index needs.
 *
 * <p>An image describes a tree whose regular files lie in a second device, the layer's data. The
 * layout follows {@code fs/erofs/erofs_fs.h} of the Linux kernel. Start reading at {@link
 * io.morsel.stargz.erofs.ErofsImage}.
 */
@NullMarked
package io.morsel.stargz.erofs;

import org.jspecify.annotations.NullMarked;
