package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_interrupt_in}: the body of INTERRUPT. */
public final class InterruptIn {
  /** Offset of the number of the request to give up. */
  public static final int UNIQUE_OFFSET = 0;

  /** Size of the structure in bytes. */
  public static final int BYTES = 8;

  private InterruptIn() {}

  /** Reads the number of the request to give up; {@code offset} is where the structure starts. */
  public static long unique(MemorySegment segment, long offset) {
    return segment.get(Wire.LONG, offset + UNIQUE_OFFSET);
  }
}
