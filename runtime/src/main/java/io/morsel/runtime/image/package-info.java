/**
 * Images: {@link io.morsel.runtime.image.ImagesService} over {@link
 * io.morsel.runtime.image.ImageStore}, where the semantics are.
 */
@NullMarked
package io.morsel.runtime.image;

import org.jspecify.annotations.NullMarked;
