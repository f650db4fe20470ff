/**
 * What starts of containers read of an image, learned and kept, so that the next start finds it
 * there.
 *
 * <p>Start reading at {@link io.morsel.prefetch.profile.ImageProfile}.
 */
@NullMarked
package io.morsel.prefetch.profile;

import org.jspecify.annotations.NullMarked;
