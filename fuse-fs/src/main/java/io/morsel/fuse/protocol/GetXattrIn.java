package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Descriptor of {@code struct fuse_getxattr_in}: the body of GETXATTR, followed by a name, and of
 * LISTXATTR.
 */
public final class GetXattrIn {
  /** Offset of room for the value in bytes; 0 asks for its size. */
  public static final int SIZE_OFFSET = 0;

  /** Size of the structure in bytes. */
  public static final int BYTES = 8;

  private GetXattrIn() {}

  /**
   * Reads room for the value in bytes; 0 asks for its size; {@code offset} is where the structure
   * starts.
   */
  public static int size(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + SIZE_OFFSET);
  }
}
