/**
 * {@code morsel profile}: what a node has learned of an image's starts, shown and shared.
 *
 * <p>Start reading at {@link io.morsel.cli.profile.ProfileJob}.
 */
@NullMarked
package io.morsel.cli.profile;

import org.jspecify.annotations.NullMarked;
