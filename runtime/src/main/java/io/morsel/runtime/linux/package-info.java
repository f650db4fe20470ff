/**
 * System calls that Java has not: mounts, namespaces, and files looked up below a root.
 *
 * <p>Start reading at {@link io.morsel.runtime.linux.Linux}.
 */
@NullMarked
package io.morsel.runtime.linux;

import org.jspecify.annotations.NullMarked;
