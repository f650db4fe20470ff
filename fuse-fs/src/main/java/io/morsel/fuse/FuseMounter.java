package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Path;

/** Mounts layers; one front end to the kernel. Safe for use by many threads. */
public sealed interface FuseMounter extends AutoCloseable permits DirectMounter, JnrMounter {
  /** The front end's name in configuration, logs and metrics: {@code direct} or {@code jnr}. */
  String backend();

  /**
   * Mounts {@code content} read-only on {@code mountPoint}, an existing empty directory, and
   * returns once the kernel and the front end agree on how to talk.
   *
   * @throws IOException if the mount is refused; nothing is left behind then
   */
  FuseMount mount(LayerContent content, Path mountPoint) throws IOException;

  /** Unmounts everything that is still mounted, and stops the front end's threads. */
  @Override
  void close();
}
