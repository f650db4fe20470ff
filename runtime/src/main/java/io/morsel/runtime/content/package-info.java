/**
 * Content: blobs by digest, and the writes that become blobs.
 *
 * <p>Start reading at {@link io.morsel.runtime.content.ContentStore}, which knows namespaces and
 * leases; below it are the files, in {@link io.morsel.runtime.content.BlobDirectory} and {@link
 * io.morsel.runtime.content.IngestDirectory}.
 */
@NullMarked
package io.morsel.runtime.content;

import org.jspecify.annotations.NullMarked;
