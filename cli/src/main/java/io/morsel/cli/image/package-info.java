/**
 * What commands do with the images that a core has: {@code images}, {@code tag}, {@code push} and
 * others.
 *
 * <p>Start reading at {@link io.morsel.cli.image.ImageNames}, which finds those that a command line
 * names, and {@link io.morsel.cli.image.ImageFacts}, which reads what they are.
 */
@NullMarked
package io.morsel.cli.image;

import org.jspecify.annotations.NullMarked;
