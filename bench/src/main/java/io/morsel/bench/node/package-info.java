/**
 * A container node: containerd, a snapshotter, and the containers that are started there.
 *
 * <p>Start reading at {@link io.morsel.bench.node.Node}. The integration tests use containerd and
 * Morsel from here too.
 */
@NullMarked
package io.morsel.bench.node;

import org.jspecify.annotations.NullMarked;
