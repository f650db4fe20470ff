package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.store.Scope;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Unpacks layers that are in the content store; safe for use by many threads. */
@FunctionalInterface
public interface LayerUnpacker {
  /**
   * Unpacks a layer.
   *
   * @param layer the layer, which the namespace has as content
   * @param mounts where to unpack to
   * @param cancelled whether nobody waits for it any more
   * @return the digest of the layer's uncompressed bytes
   */
  String unpack(Scope scope, Descriptor layer, List<Mount> mounts, BooleanSupplier cancelled)
      throws ContainerdException;
}
