/**
 * How commands come by the images that they are given: references and platforms as users write
 * them, registries with the user's credentials.
 *
 * <p>Start reading at {@link io.morsel.cli.source.Images}.
 */
@NullMarked
package io.morsel.cli.source;

import org.jspecify.annotations.NullMarked;
