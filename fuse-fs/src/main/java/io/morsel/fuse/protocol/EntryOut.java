package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_entry_out}: the reply to LOOKUP. */
public final class EntryOut {
  /** Offset of the node; 0 says that there is none, or in READDIRPLUS that it is not told. */
  public static final int NODE_ID_OFFSET = 0;

  /** Offset of the node's generation. */
  public static final int GENERATION_OFFSET = 8;

  /** Offset of how many seconds the name may be cached. */
  public static final int ENTRY_VALID_SECONDS_OFFSET = 16;

  /** Offset of how many seconds the attributes may be cached. */
  public static final int ATTR_VALID_SECONDS_OFFSET = 24;

  /** Offset of both fractions. */
  public static final int NANOS_OFFSET = 32;

  /** Offset of the {@link Attr}. */
  public static final int ATTR_OFFSET = 40;

  /** Size of the structure in bytes. */
  public static final int BYTES = ATTR_OFFSET + Attr.BYTES;

  private EntryOut() {}

  /** Writes all but the {@link Attr}. */
  public static void put(MemorySegment segment, long offset, long nodeId, long validSeconds) {
    segment.set(Wire.LONG, offset + NODE_ID_OFFSET, nodeId);
    segment.set(Wire.LONG, offset + GENERATION_OFFSET, 0);
    segment.set(Wire.LONG, offset + ENTRY_VALID_SECONDS_OFFSET, validSeconds);
    segment.set(Wire.LONG, offset + ATTR_VALID_SECONDS_OFFSET, validSeconds);
    segment.set(Wire.LONG, offset + NANOS_OFFSET, 0);
  }

  /** Writes an entry of no node: a name that is absent, or one whose node is not told. */
  public static void putAbsent(MemorySegment segment, long offset, long validSeconds) {
    put(segment, offset, 0, validSeconds);
    segment.asSlice(offset + ATTR_OFFSET, Attr.BYTES).fill((byte) 0);
  }
}
