/**
 * The snapshotter: containerd's snapshots API, the mounts behind it, configuration and the daemon.
 *
 * <p>Start reading at {@link io.morsel.snapshotter.Daemon}, which puts the parts together, and at
 * {@link io.morsel.snapshotter.Snapshotter}, which holds containerd's semantics: metadata in {@link
 * io.morsel.snapshotter.SnapshotStore}, and layers that are mounted instead of unpacked in {@link
 * io.morsel.snapshotter.RemoteLayers}.
 */
@NullMarked
package io.morsel.snapshotter;

import org.jspecify.annotations.NullMarked;
