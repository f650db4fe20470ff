package io.morsel.stargz;

import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Finds a file's name by a place in the layer's data; walks the whole tree, for messages only. */
final class FileFinder {
  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;

  private FileFinder() {}

  private record Directory(long nid, String path) {}

  /** The path of a file that has the byte; null where none has it. */
  static @Nullable String pathOf(ErofsImage tree, long dataOffset) throws IOException {
    var pending = new ArrayDeque<Directory>();
    pending.add(new Directory(tree.rootNid(), ""));
    String[] found = {null};
    // An image from a disk could have directories in a circle.
    long left = tree.inodeCount();
    while (found[0] == null && !pending.isEmpty() && left-- > 0) {
      Directory directory = pending.removeLast();
      tree.list(
          directory.nid,
          0,
          (name, nid, type, next) -> {
            if (type == S_IFREG) {
              ErofsInode inode = tree.inode(nid);
              if (inode.dataOffset() >= 0
                  && inode.dataOffset() <= dataOffset
                  && dataOffset < inode.dataOffset() + inode.sizeBytes()) {
                found[0] = directory.path + "/" + text(name);
              }
            } else if (type == S_IFDIR && !isDots(name)) {
              pending.add(new Directory(nid, directory.path + "/" + text(name)));
            }
            return found[0] == null;
          });
    }
    return found[0];
  }

  private static boolean isDots(byte[] name) {
    return name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.'));
  }

  private static String text(byte[] name) {
    String quoted = TocEntry.printable(new String(name, StandardCharsets.UTF_8));
    return quoted.substring(1, quoted.length() - 1);
  }
}
