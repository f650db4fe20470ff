package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_getxattr_out}: the reply to a question for a size. */
public final class GetXattrOut {
  /** Offset of the size in bytes. */
  public static final int SIZE_OFFSET = 0;

  /** Size of the structure in bytes. */
  public static final int BYTES = 8;

  private GetXattrOut() {}

  /** Writes the reply. */
  public static void put(MemorySegment segment, long offset, int size) {
    segment.set(Wire.INT, offset + SIZE_OFFSET, size);
    segment.set(Wire.INT, offset + SIZE_OFFSET + Integer.BYTES, 0);
  }
}
