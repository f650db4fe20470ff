package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A layer's tree as a front end needs it: what {@code stat}, {@code statfs} and {@code listxattr}
 * show. Both front ends answer from here, so that they can't differ.
 *
 * <p>Safe for use by many threads.
 */
final class LayerTree {
  /** The filesystem's block size in bytes. */
  static final int BLOCK_BYTES = 4096;

  private static final int S_IFMT = 0170000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFLNK = 0120000;

  private final LayerContent content;
  private final ErofsImage image;
  private final WeakReference<LayerTree> weakly = new WeakReference<>(this);

  LayerTree(LayerContent content) {
    this.content = content;
    this.image = content.tree();
  }

  /** A reference for caches, which must not keep an unmounted layer's image. */
  WeakReference<LayerTree> weakly() {
    return weakly;
  }

  LayerContent content() {
    return content;
  }

  ErofsImage image() {
    return image;
  }

  long root() {
    return image.rootNid();
  }

  /** The inode at an absolute path of the layer; -1 if there is none. Links are not followed. */
  long resolve(byte[] path) throws IOException {
    long nid = root();
    for (int start = 0; start < path.length; ) {
      int end = start;
      while (end < path.length && path[end] != '/') {
        end++;
      }
      if (end > start) {
        if (!isDirectory(inode(nid))) {
          return -1;
        }
        nid = image.lookup(nid, Arrays.copyOfRange(path, start, end));
        if (nid < 0) {
          return -1;
        }
      }
      start = end + 1;
    }
    return nid;
  }

  ErofsInode inode(long nid) throws IOException {
    return image.inode(nid);
  }

  static boolean isDirectory(ErofsInode inode) {
    return (inode.mode() & S_IFMT) == S_IFDIR;
  }

  static boolean isRegular(ErofsInode inode) {
    return (inode.mode() & S_IFMT) == S_IFREG;
  }

  static boolean isSymlink(ErofsInode inode) {
    return (inode.mode() & S_IFMT) == S_IFLNK;
  }

  /** The type as a directory entry shows it: {@code DT_*}. */
  static int direntType(int typeBits) {
    return (typeBits & S_IFMT) >>> 12;
  }

  /**
   * How many 512-byte blocks {@code du} counts: what the inode occupies once its content is there.
   */
  static long blocks512(ErofsInode inode) {
    return isRegular(inode) || isDirectory(inode)
        ? (inode.sizeBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES * (BLOCK_BYTES / 512)
        : 0;
  }

  /** How many bytes a read of this range returns. */
  static int readable(ErofsInode inode, long fileOffset, int wantedBytes) {
    if (fileOffset < 0 || wantedBytes <= 0 || inode.dataOffset() < 0) {
      return 0;
    }
    return (int) Math.min(wantedBytes, Math.max(0, inode.sizeBytes() - fileOffset));
  }

  /** How many blocks the layer has. */
  long blocks() {
    return (content.dataBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }

  /** How many inodes the layer has. */
  long inodes() {
    return image.inodeCount();
  }

  /** The names of the inode's attributes as {@code listxattr} returns them, each ended by a 0. */
  byte[] xattrList(long nid) throws IOException {
    List<byte[]> names = image.xattrNames(nid);
    int bytes = 0;
    for (byte[] name : names) {
      bytes += name.length + 1;
    }
    byte[] list = new byte[bytes];
    int at = 0;
    for (byte[] name : names) {
      System.arraycopy(name, 0, list, at, name.length);
      at += name.length + 1;
    }
    return list;
  }

  byte @Nullable [] xattr(long nid, byte[] name) throws IOException {
    return image.xattr(nid, name);
  }

  /**
   * What is at this offset of a file, for messages: a path and an offset. This walks the tree: it
   * is for the rare error, not for the data path.
   */
  String describe(ErofsInode file, long fileOffset) {
    if (content instanceof LayerDataFile data) {
      return new LayerTree(data.layer()).describeData(fileOffset);
    }
    return pathOf("inode " + file.nid(), nid -> nid == file.nid()) + " at offset " + fileOffset;
  }

  private String describeData(long dataOffset) {
    long[] start = {0};
    String path =
        pathOf(
            "the layer's data",
            nid -> {
              ErofsInode inode = inode(nid);
              boolean holds =
                  inode.dataOffset() >= 0
                      && dataOffset >= inode.dataOffset()
                      && dataOffset < inode.dataOffset() + inode.sizeBytes();
              start[0] = holds ? inode.dataOffset() : start[0];
              return holds;
            });
    return path + " at offset " + (dataOffset - start[0]);
  }

  private interface Wanted {
    boolean is(long nid) throws IOException;
  }

  private String pathOf(String otherwise, Wanted wanted) {
    try {
      ArrayDeque<Directory> pending = new ArrayDeque<>();
      Set<Long> seen = new HashSet<>();
      pending.add(new Directory(root(), ""));
      @Nullable String[] found = new @Nullable String[1];
      while (found[0] == null && !pending.isEmpty()) {
        Directory directory = pending.remove();
        if (!seen.add(directory.nid)) {
          continue;
        }
        image.list(
            directory.nid,
            0,
            (name, child, type, next) -> {
              String text = new String(name, StandardCharsets.UTF_8);
              if (text.equals(".") || text.equals("..")) {
                return true;
              }
              String path = directory.path + "/" + text;
              if (wanted.is(child)) {
                found[0] = path;
                return false;
              }
              if ((type & S_IFMT) == S_IFDIR) {
                pending.add(new Directory(child, path));
              }
              return true;
            });
      }
      String path = found[0];
      return path != null ? path : otherwise;
    } catch (IOException | RuntimeException e) {
      return otherwise;
    }
  }

  private record Directory(long nid, String path) {}
}
