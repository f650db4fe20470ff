package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Layers that are mounted instead of unpacked. */
public final class RemoteLayers implements AutoCloseable {
  RemoteLayers() {}

  /** Starts to resolve the image's other layers in the background. */
  void announce(LayerRequest request) {}

  /**
   * Mounts the layer.
   *
   * @return false where it has to be unpacked instead; the reason has been logged and counted
   */
  boolean mount(long id, LayerRequest request, Path mountPoint) {
    return false;
  }

  /** Unmounts the snapshot's layer if it has one. */
  void unmount(long id) {}

  /** The owner of a mounted layer's root directory. */
  Optional<Owner> rootOwner(long id) throws IOException {
    return Optional.empty();
  }

  /** Mounts a layer again where its mount has gone. */
  void requireMounted(SnapshotChain.Parent parent, Path mountPoint) throws ContainerdException {}

  @Override
  public void close() {}
}
