/**
 * Makes eStargz, or legacy stargz, of an ordinary image layer.
 *
 * <p>Start reading at {@link io.morsel.stargz.writer.EstargzWriter}: a layer is read once and its
 * content spooled ({@code LayerEntries}, {@code Spool}), then written in its new order as gzip
 * members, compressed in parallel ({@code MemberPipeline}), and closed by TOC and footer ({@code
 * TocJson}, {@code Footer}).
 */
@NullMarked
package io.morsel.stargz.writer;

import org.jspecify.annotations.NullMarked;
