/**
 * The images that the bench starts containers from, and what is run in them: built from Debian
 * packages or generated from a seed, kept between runs in the storage of a registry, as plain OCI
 * and converted to eStargz.
 *
 * <p>Start reading at {@link io.morsel.bench.image.ImageCache}. The integration tests write their
 * images with {@link io.morsel.bench.image.OciLayout} too.
 */
@NullMarked
package io.morsel.bench.image;

import org.jspecify.annotations.NullMarked;
