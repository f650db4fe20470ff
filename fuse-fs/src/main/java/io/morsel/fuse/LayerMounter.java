package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Path;

/** Mounts layers, in one of the ways to show them to the kernel. Safe for use by many threads. */
public sealed interface LayerMounter extends AutoCloseable permits FuseMounter, ErofsMounter {
  /** How layers are shown; never {@code AUTO}. */
  ViewsKind kind();

  /**
   * Mounts {@code content} read-only on {@code mountPoint}, an existing empty directory, and
   * returns once the kernel can read from it.
   *
   * @throws IOException if the mount is refused; nothing is left behind then
   */
  LayerMount mount(LayerContent content, Path mountPoint) throws IOException;

  /** Unmounts everything that is still mounted, and stops the mounter's threads. */
  @Override
  void close();
}
