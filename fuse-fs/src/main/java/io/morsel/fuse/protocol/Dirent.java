package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Descriptor of {@code struct fuse_dirent}: an entry of READDIR's reply, and the second part of one
 * of READDIRPLUS', after an {@link EntryOut}.
 */
public final class Dirent {
  /** Offset of the inode number. */
  public static final int INO_OFFSET = 0;

  /** Offset of the cookie from which the listing goes on after this entry. */
  public static final int COOKIE_OFFSET = 8;

  /** Offset of the name's length in bytes. */
  public static final int NAME_LENGTH_OFFSET = 16;

  /** Offset of the type: the bits 12 to 15 of the mode. */
  public static final int TYPE_OFFSET = 20;

  /** Offset of the name. */
  public static final int NAME_OFFSET = 24;

  private Dirent() {}

  /** The size of an entry in bytes: the next one starts at a multiple of 8. */
  public static int bytes(int nameLength) {
    return (NAME_OFFSET + nameLength + 7) & ~7;
  }

  /** Writes an entry, its padding included. */
  public static void put(
      MemorySegment segment, long offset, long ino, long cookie, int type, byte[] name) {
    // First the last eight bytes: the name ends somewhere in them, the rest is padding.
    segment.set(Wire.LONG, offset + bytes(name.length) - Long.BYTES, 0);
    segment.set(Wire.LONG, offset + INO_OFFSET, ino);
    segment.set(Wire.LONG, offset + COOKIE_OFFSET, cookie);
    segment.set(Wire.INT, offset + NAME_LENGTH_OFFSET, name.length);
    segment.set(Wire.INT, offset + TYPE_OFFSET, type);
    MemorySegment.copy(MemorySegment.ofArray(name), 0, segment, offset + NAME_OFFSET, name.length);
  }
}
