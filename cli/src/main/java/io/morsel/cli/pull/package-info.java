/**
 * {@code morsel pull}: a containerd client that makes an image known to containerd, and lets a
 * snapshotter show its layers lazily instead of fetching them.
 *
 * <p>Start reading at {@link io.morsel.cli.pull.ImagePull}.
 */
@NullMarked
package io.morsel.cli.pull;

import org.jspecify.annotations.NullMarked;
