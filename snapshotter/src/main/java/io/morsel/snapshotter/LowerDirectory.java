package io.morsel.snapshotter;

import io.morsel.stargz.erofs.DirectoryAttributes;
import java.io.IOException;

/** A directory of a layer below: of a mounted one by its index, of an unpacked one on the disk. */
sealed interface LowerDirectory permits ImageDirectory, DiskDirectory {
  /** What it has under this name, which is one that a directory can have. */
  LowerEntry child(byte[] name) throws IOException;

  /** Whether overlayfs hides what layers further below have in it. */
  boolean isOpaque() throws IOException;

  /** Its attributes, with all extended ones. */
  DirectoryAttributes attributes() throws IOException;
}
