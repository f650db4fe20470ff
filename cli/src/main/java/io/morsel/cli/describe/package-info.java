/**
 * {@code morsel inspect} of what a core has: containers and images, as JSON.
 *
 * <p>Start reading at {@link io.morsel.cli.describe.Description}.
 */
@NullMarked
package io.morsel.cli.describe;

import org.jspecify.annotations.NullMarked;
