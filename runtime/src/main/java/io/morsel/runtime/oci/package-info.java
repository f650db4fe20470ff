/**
 * Specifications of containers, as OCI runtimes take them (OCI runtime specification, config.md),
 * made of an image's configuration, what the user asks for, and containerd's defaults.
 *
 * <p>Start reading at {@link io.morsel.runtime.oci.ContainerSpec}.
 */
@NullMarked
package io.morsel.runtime.oci;

import org.jspecify.annotations.NullMarked;
