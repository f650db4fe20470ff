package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_read_in}: the body of READ, READDIR and READDIRPLUS. */
public final class ReadIn {
  /** Offset of where to read: a file offset, or a directory cookie. */
  public static final int FILE_OFFSET_OFFSET = 8;

  /** Offset of how many bytes the reply may have. */
  public static final int SIZE_OFFSET = 16;

  /** Size of the structure in bytes. */
  public static final int BYTES = 40;

  private ReadIn() {}

  /**
   * Reads where to read: a file offset, or a directory cookie; {@code offset} is where the
   * structure starts.
   */
  public static long fileOffset(MemorySegment segment, long offset) {
    return segment.get(Wire.LONG, offset + FILE_OFFSET_OFFSET);
  }

  /** Reads how many bytes the reply may have; {@code offset} is where the structure starts. */
  public static int size(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + SIZE_OFFSET);
  }
}
