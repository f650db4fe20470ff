package io.morsel.snapshotter;

import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A directory of a mounted layer. The daemon must not wait for itself: it asks the layer's index,
 * not the mount.
 *
 * @param tree the layer's tree as it is shown, with its own implied directories resolved
 * @param nid the directory's inode
 */
record ImageDirectory(ErofsImage tree, long nid) implements LowerDirectory {
  private static final int S_IFMT = 0170000;
  private static final int S_IFDIR = 0040000;
  private static final byte[] OPAQUE = "trusted.overlay.opaque".getBytes(StandardCharsets.US_ASCII);

  @Override
  public LowerEntry child(byte[] name) throws IOException {
    long child = tree.lookup(nid, name);
    if (child < 0) {
      return LowerEntry.ABSENT;
    }
    return (tree.inode(child).mode() & S_IFMT) == S_IFDIR
        ? new LowerEntry.Directory(new ImageDirectory(tree, child))
        : LowerEntry.NO_DIRECTORY;
  }

  @Override
  public boolean isOpaque() throws IOException {
    return isOpaque(tree, nid);
  }

  /** Whether overlayfs hides what lower layers have in this directory. */
  static boolean isOpaque(ErofsImage tree, long nid) throws IOException {
    return Arrays.equals(tree.xattr(nid, OPAQUE), new byte[] {'y'});
  }

  @Override
  public DirectoryAttributes attributes() throws IOException {
    ErofsInode inode = tree.inode(nid);
    List<byte[]> names = new ArrayList<>();
    List<byte[]> values = new ArrayList<>();
    for (byte[] name : tree.xattrNames(nid)) {
      byte[] value = tree.xattr(nid, name);
      if (value != null) {
        names.add(name);
        values.add(value);
      }
    }
    return new DirectoryAttributes(
        inode.mode() & 07777,
        inode.uid(),
        inode.gid(),
        inode.mtimeSeconds(),
        inode.mtimeNanos(),
        names,
        values);
  }
}
