package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_in_header}: the header of every request. */
public final class InHeader {
  /** Offset of length of the whole request in bytes, this header included. */
  public static final int LENGTH_OFFSET = 0;

  /** Offset of what is asked for, an {@link Opcode}. */
  public static final int OPCODE_OFFSET = 4;

  /** Offset of the request's number, which the reply repeats. */
  public static final int UNIQUE_OFFSET = 8;

  /** Offset of the node that the request is about. */
  public static final int NODE_ID_OFFSET = 16;

  /** Size of the structure in bytes. */
  public static final int BYTES = 40;

  private InHeader() {}

  /**
   * Reads length of the whole request in bytes, this header included; {@code offset} is where the
   * structure starts.
   */
  public static int length(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + LENGTH_OFFSET);
  }

  /** Reads what is asked for, an {@link Opcode}; {@code offset} is where the structure starts. */
  public static int opcode(MemorySegment segment, long offset) {
    return segment.get(Wire.INT, offset + OPCODE_OFFSET);
  }

  /**
   * Reads the request's number, which the reply repeats; {@code offset} is where the structure
   * starts.
   */
  public static long unique(MemorySegment segment, long offset) {
    return segment.get(Wire.LONG, offset + UNIQUE_OFFSET);
  }

  /** Reads the node that the request is about; {@code offset} is where the structure starts. */
  public static long nodeId(MemorySegment segment, long offset) {
    return segment.get(Wire.LONG, offset + NODE_ID_OFFSET);
  }
}
