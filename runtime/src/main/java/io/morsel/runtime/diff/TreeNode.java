package io.morsel.runtime.diff;

import org.jspecify.annotations.Nullable;

/**
 * A file in a tree that is compared.
 *
 * @param parent the directory it is in; null where that is the root
 * @param path its path below the root, a byte string
 */
record TreeNode(@Nullable TreeNode parent, String path, FileStatus status) {
  /** A file in {@code parent}. */
  static TreeNode in(@Nullable TreeNode parent, String name, FileStatus status) {
    return new TreeNode(parent, parent == null ? name : parent.path() + "/" + name, status);
  }
}
