package io.morsel.fuse;

import java.nio.file.Path;

/** One mounted layer; closing unmounts it, lazily if it is in use. */
public interface FuseMount extends AutoCloseable {
  /** Where the layer is mounted. */
  Path mountPoint();

  /** Whether the kernel still has the mount; false after somebody else unmounted it. */
  boolean isAlive();

  @Override
  void close();
}
