/**
 * Morsel against its real neighbours: containerd, ctr, ctr-remote, runc, docker-registry.
 *
 * <p>Start reading at {@link io.morsel.integration.Node}: one machine's containerd and Morsel, on
 * roots of their own. Every fixture is closed by its test and leaves no process and no mount.
 */
@NullMarked
package io.morsel.integration;

import org.jspecify.annotations.NullMarked;
