package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Descriptor of {@code struct fuse_init_in}: the body of INIT; kernels before 7.36 send 16 bytes.
 */
public final class InitIn {
  /** Offset of the protocol's major version. */
  public static final int MAJOR_OFFSET = 0;

  /** Offset of the protocol's minor version. */
  public static final int MINOR_OFFSET = 4;

  /** Offset of read-ahead in bytes that the kernel wants. */
  public static final int MAX_READAHEAD_OFFSET = 8;

  /** Offset of the {@link InitFlag}s that the kernel knows. */
  public static final int FLAGS_OFFSET = 12;

  /** Size of the structure in bytes. */
  public static final int BYTES = 16;

  private InitIn() {}

  /** Reads the protocol's major version; {@code offset} is where the structure starts. */
  public static int major(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + MAJOR_OFFSET);
  }

  /** Reads the protocol's minor version; {@code offset} is where the structure starts. */
  public static int minor(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + MINOR_OFFSET);
  }

  /**
   * Reads read-ahead in bytes that the kernel wants; {@code offset} is where the structure starts.
   */
  public static int maxReadahead(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + MAX_READAHEAD_OFFSET);
  }

  /**
   * Reads the {@link InitFlag}s that the kernel knows; {@code offset} is where the structure
   * starts.
   */
  public static int flags(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + FLAGS_OFFSET);
  }
}
