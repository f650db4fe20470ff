/**
 * Snapshots: each namespace's names for what snapshotters hold.
 *
 * <p>Start reading at {@link io.morsel.runtime.snapshot.NamespacedSnapshots}.
 */
@NullMarked
package io.morsel.runtime.snapshot;

import org.jspecify.annotations.NullMarked;
