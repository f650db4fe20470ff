/**
 * Containers' metadata: {@link io.morsel.runtime.container.ContainersService} over {@link
 * io.morsel.runtime.container.ContainerStore}, where the semantics are.
 */
@NullMarked
package io.morsel.runtime.container;

import org.jspecify.annotations.NullMarked;
