/**
 * Tar as image layers use it: ustar, GNU and PAX, read from a stream and written header by header.
 *
 * <p>Start reading at {@link io.morsel.stargz.tar.TarReader}. Names, link targets and values are
 * byte strings, since a tar may hold names that are not UTF-8: a {@link java.lang.String} here has
 * one character, below 256, for each byte ({@link io.morsel.stargz.tar.ByteStrings}).
 */
@NullMarked
package io.morsel.stargz.tar;

import org.jspecify.annotations.NullMarked;
