package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_statfs_out}: the reply to STATFS. */
public final class StatfsOut {
  /** Offset of the number of blocks. */
  public static final int BLOCKS_OFFSET = 0;

  /** Offset of the number of inodes. */
  public static final int FILES_OFFSET = 24;

  /** Offset of the preferred length of a read in bytes. */
  public static final int BSIZE_OFFSET = 40;

  /** Offset of the length of the longest name in bytes. */
  public static final int NAME_LENGTH_OFFSET = 44;

  /** Offset of the size of a block in bytes. */
  public static final int FRSIZE_OFFSET = 48;

  /** Size of the structure in bytes. */
  public static final int BYTES = 80;

  private StatfsOut() {}

  /** Writes the reply for a full filesystem. */
  public static void put(
      MemorySegment segment, long offset, long blocks, int blockBytes, long files) {
    segment.asSlice(offset, BYTES).fill((byte) 0);
    segment.set(Wire.LONG, offset + BLOCKS_OFFSET, blocks);
    segment.set(Wire.LONG, offset + FILES_OFFSET, files);
    segment.set(Wire.INT, offset + BSIZE_OFFSET, blockBytes);
    segment.set(Wire.INT, offset + NAME_LENGTH_OFFSET, 255);
    segment.set(Wire.INT, offset + FRSIZE_OFFSET, blockBytes);
  }
}
