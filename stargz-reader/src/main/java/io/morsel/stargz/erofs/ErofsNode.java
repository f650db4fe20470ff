package io.morsel.stargz.erofs;

import java.util.Arrays;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An inode of a tree that {@link ErofsWriter} is to write. An inode with several names (hard links)
 * is one node put into directories several times; link counts are computed by the writer.
 *
 * <p>Mutable, small, and not safe for use by several threads. Names are kept in balanced trees
 * rather than hash tables: they come from layers, which are hostile, and come out sorted.
 */
public final class ErofsNode {
  private int mode;
  private int uid;
  private int gid;
  private int rdev;
  private int mtimeNanos;
  private long mtimeSeconds;
  private long sizeBytes;
  private long dataOffset = -1;
  private int tag;
  private byte @Nullable [] target;
  private @Nullable SortedMap<byte[], byte[]> xattrs;
  private @Nullable SortedMap<byte[], ErofsNode> children;

  // What children has, in its order; made when it is asked for, and gone with the next change.
  private byte @Nullable [][] names;
  private ErofsNode @Nullable [] nodes;

  // Owned by the writer.
  long nid;
  long bodyBytes;
  int nlink;
  int block;
  @Nullable ErofsNode parent;

  /**
   * An inode of root's, from the epoch, empty.
   *
   * @param mode type and permission bits, as in {@code st_mode}
   * @throws IllegalArgumentException if the type is unknown
   */
  public ErofsNode(int mode) {
    ErofsFormat.direntType(mode);
    this.mode = mode;
  }

  /** Type and permission bits, as in {@code st_mode}. */
  public int mode() {
    return mode;
  }

  /** Replaces the permission bits (including setuid, setgid and sticky); the type stays. */
  public ErofsNode permissions(int bits) {
    mode = (mode & ErofsFormat.S_IFMT) | (bits & 07777);
    return this;
  }

  /** Sets owner and group, 32 unsigned bits each. */
  public ErofsNode owner(int uid, int gid) {
    this.uid = uid;
    this.gid = gid;
    return this;
  }

  /** Sets the modification time: seconds since the epoch, and nanoseconds within the second. */
  public ErofsNode mtime(long seconds, int nanos) {
    if (nanos < 0 || nanos > 999_999_999) {
      throw new IllegalArgumentException("nanoseconds out of range: " + nanos);
    }
    mtimeSeconds = seconds;
    mtimeNanos = nanos;
    return this;
  }

  /**
   * Makes the inode stand for a device.
   *
   * @param major 0 to 4095
   * @param minor 0 to 1048575
   */
  public ErofsNode device(int major, int minor) {
    if (major < 0 || major > 0xFFF || minor < 0 || minor > 0xFFFFF) {
      throw new IllegalArgumentException("no such device: " + major + ":" + minor);
    }
    // new_encode_dev of the kernel's kdev_t.h.
    rdev = (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12);
    return this;
  }

  /**
   * Sets where a regular file's bytes are.
   *
   * @param sizeBytes the file's length
   * @param dataOffset where it starts in the layer's data, a multiple of 4096; ignored if empty
   */
  public ErofsNode data(long sizeBytes, long dataOffset) {
    if (sizeBytes < 0 || (sizeBytes > 0 && (dataOffset < 0 || dataOffset % 4096 != 0))) {
      throw new IllegalArgumentException("file of " + sizeBytes + " bytes at " + dataOffset);
    }
    this.sizeBytes = sizeBytes;
    this.dataOffset = sizeBytes == 0 ? -1 : dataOffset;
    return this;
  }

  /** Sets a symlink's target: 1 to 4095 bytes, none of them 0. */
  public ErofsNode target(byte[] target) {
    if (target.length == 0 || target.length >= ErofsFormat.BLOCK_SIZE || contains(target, 0)) {
      throw new IllegalArgumentException("symlink target of " + target.length + " bytes");
    }
    this.target = target;
    sizeBytes = target.length;
    return this;
  }

  /** A number for whoever builds the tree; not written. 0 at first. */
  public int tag() {
    return tag;
  }

  /** Sets the builder's own number. */
  public ErofsNode tag(int tag) {
    this.tag = tag;
    return this;
  }

  /** Where {@link ErofsWriter} put the inode when it wrote it last; 0 before. */
  public long nid() {
    return nid;
  }

  /** Sets an extended attribute by its full name; classes that EROFS can't store are left out. */
  public ErofsNode xattr(byte[] name, byte[] value) {
    if (xattrs == null) {
      xattrs = new TreeMap<>(Arrays::compareUnsigned);
    }
    xattrs.put(name, value);
    return this;
  }

  /** Removes all extended attributes. */
  public void clearXattrs() {
    xattrs = null;
  }

  /** What a directory has under this name; null where it has nothing. */
  public @Nullable ErofsNode child(byte[] name) {
    return children == null ? null : children.get(name);
  }

  /**
   * Gives a node a name in this directory, replacing what had it.
   *
   * @param name 1 to 255 bytes without {@code /} and 0; neither {@code .} nor {@code ..}
   */
  public void put(byte[] name, ErofsNode node) {
    if (!isDirectory()) {
      throw new IllegalStateException("only directories have entries");
    }
    if (!validName(name)) {
      throw new IllegalArgumentException("a name of " + name.length + " bytes is not valid");
    }
    if (children == null) {
      children = new TreeMap<>(Arrays::compareUnsigned);
    }
    children.put(name, node);
    names = null;
    nodes = null;
  }

  /** Takes a name and all below it out of this directory. */
  public void remove(byte[] name) {
    if (children != null) {
      children.remove(name);
      names = null;
      nodes = null;
    }
  }

  /** Whether a directory can have an entry of this name. */
  public static boolean validName(byte[] name) {
    return name.length > 0
        && name.length <= ErofsFormat.MAX_NAME
        && !contains(name, 0)
        && !contains(name, '/')
        && !(name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.')));
  }

  /** Whether this is a directory. */
  public boolean isDirectory() {
    return type() == ErofsFormat.S_IFDIR;
  }

  /** Whether this is a regular file. */
  public boolean isRegular() {
    return type() == ErofsFormat.S_IFREG;
  }

  /** Whether this is a symlink. */
  public boolean isSymlink() {
    return type() == ErofsFormat.S_IFLNK;
  }

  /** Whether this is the device 0:0, which overlayfs takes for a whiteout. */
  public boolean isWhiteout() {
    return type() == ErofsFormat.S_IFCHR && rdev == 0;
  }

  /** A symlink's target; empty for others. */
  public byte[] symlinkTarget() {
    return target().clone();
  }

  /** The type bits of the mode. */
  public int type() {
    return mode & ErofsFormat.S_IFMT;
  }

  /** The length of a regular file or of a symlink's target. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Where a regular file's bytes start in the layer's data; -1 where there are none. */
  public long dataOffset() {
    return dataOffset;
  }

  /** A directory's entries without {@code .} and {@code ..}, sorted by the bytes of their names. */
  public SortedMap<byte[], ErofsNode> children() {
    return children == null
        ? Collections.emptySortedMap()
        : Collections.unmodifiableSortedMap(children);
  }

  /** How many entries a directory has without {@code .} and {@code ..}. */
  public int childCount() {
    return children == null ? 0 : children.size();
  }

  /** The name of a directory's entry by its number in {@link #children}'s order. */
  public byte[] childName(int number) {
    if (names == null) {
      names = children().keySet().toArray(new byte[0][]);
    }
    return names[number];
  }

  /** A directory's entry by its number in {@link #children}'s order. */
  public ErofsNode child(int number) {
    if (nodes == null) {
      nodes = children().values().toArray(new ErofsNode[0]);
    }
    return nodes[number];
  }

  SortedMap<byte[], byte[]> xattrs() {
    return xattrs == null ? Collections.emptySortedMap() : xattrs;
  }

  byte[] target() {
    return target == null ? new byte[0] : target;
  }

  int uid() {
    return uid;
  }

  int gid() {
    return gid;
  }

  int rdev() {
    return rdev;
  }

  long mtimeSeconds() {
    return mtimeSeconds;
  }

  int mtimeNanos() {
    return mtimeNanos;
  }

  private static boolean contains(byte[] bytes, int value) {
    for (byte b : bytes) {
      if (b == value) {
        return true;
      }
    }
    return false;
  }
}
