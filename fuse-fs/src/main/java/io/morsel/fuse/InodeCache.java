package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * The inodes that one thread read from last, so that reading makes no garbage. Not safe for use by
 * many threads.
 */
final class InodeCache {
  private static final int SIZE = 64;

  private final @Nullable WeakReference<LayerTree>[] trees = newTrees();
  private final @Nullable ErofsInode[] inodes = new ErofsInode[SIZE];

  @SuppressWarnings({"unchecked", "rawtypes"}) // There is no other way to make such an array.
  private static @Nullable WeakReference<LayerTree>[] newTrees() {
    return new WeakReference[SIZE];
  }

  ErofsInode get(LayerTree tree, long nid) throws IOException {
    int index = (int) ((nid ^ System.identityHashCode(tree)) & (SIZE - 1));
    ErofsInode inode = inodes[index];
    WeakReference<LayerTree> owner = trees[index];
    if (inode != null && inode.nid() == nid && owner != null && owner.refersTo(tree)) {
      return inode;
    }
    ErofsInode read = tree.inode(nid);
    inodes[index] = read;
    trees[index] = tree.weakly();
    return read;
  }
}
