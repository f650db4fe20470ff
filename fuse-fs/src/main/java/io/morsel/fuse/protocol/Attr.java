package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_attr}: what {@code stat} shows of a node. */
public final class Attr {
  /** Offset of the inode number. */
  public static final int INO_OFFSET = 0;

  /** Offset of the size in bytes. */
  public static final int SIZE_OFFSET = 8;

  /** Offset of the number of 512-byte blocks. */
  public static final int BLOCKS_OFFSET = 16;

  /** Offset of the access time in seconds. */
  public static final int ATIME_OFFSET = 24;

  /** Offset of the modification time in seconds. */
  public static final int MTIME_OFFSET = 32;

  /** Offset of the change time in seconds. */
  public static final int CTIME_OFFSET = 40;

  /** Offset of the access time's nanoseconds. */
  public static final int ATIME_NANOS_OFFSET = 48;

  /** Offset of the modification time's nanoseconds. */
  public static final int MTIME_NANOS_OFFSET = 52;

  /** Offset of the change time's nanoseconds. */
  public static final int CTIME_NANOS_OFFSET = 56;

  /** Offset of type and permission bits. */
  public static final int MODE_OFFSET = 60;

  /** Offset of the number of names. */
  public static final int NLINK_OFFSET = 64;

  /** Offset of the owner. */
  public static final int UID_OFFSET = 68;

  /** Offset of the owning group. */
  public static final int GID_OFFSET = 72;

  /** Offset of a device's number in the kernel's 32-bit encoding. */
  public static final int RDEV_OFFSET = 76;

  /** Offset of the preferred length of a read in bytes. */
  public static final int BLKSIZE_OFFSET = 80;

  /** Offset of flags, none of which is used here. */
  public static final int FLAGS_OFFSET = 84;

  /** Size of the structure in bytes. */
  public static final int BYTES = 88;

  private Attr() {}

  /** Writes the attributes of a node whose three times are one. */
  public static void put(
      MemorySegment segment,
      long offset,
      long ino,
      long size,
      long blocks,
      long seconds,
      int nanos,
      int mode,
      int nlink,
      int uid,
      int gid,
      int rdev) {
    segment.set(Wire.LONG, offset + INO_OFFSET, ino);
    segment.set(Wire.LONG, offset + SIZE_OFFSET, size);
    segment.set(Wire.LONG, offset + BLOCKS_OFFSET, blocks);
    segment.set(Wire.LONG, offset + ATIME_OFFSET, seconds);
    segment.set(Wire.LONG, offset + MTIME_OFFSET, seconds);
    segment.set(Wire.LONG, offset + CTIME_OFFSET, seconds);
    segment.set(Wire.INT, offset + ATIME_NANOS_OFFSET, nanos);
    segment.set(Wire.INT, offset + MTIME_NANOS_OFFSET, nanos);
    segment.set(Wire.INT, offset + CTIME_NANOS_OFFSET, nanos);
    segment.set(Wire.INT, offset + MODE_OFFSET, mode);
    segment.set(Wire.INT, offset + NLINK_OFFSET, nlink);
    segment.set(Wire.INT, offset + UID_OFFSET, uid);
    segment.set(Wire.INT, offset + GID_OFFSET, gid);
    segment.set(Wire.INT, offset + RDEV_OFFSET, rdev);
    segment.set(Wire.INT, offset + BLKSIZE_OFFSET, 4096);
    segment.set(Wire.INT, offset + FLAGS_OFFSET, 0);
  }
}
