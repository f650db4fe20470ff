package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_attr_out}: the reply to GETATTR. */
public final class AttrOut {
  /** Offset of how many seconds the attributes may be cached. */
  public static final int VALID_SECONDS_OFFSET = 0;

  /** Offset of the {@link Attr}. */
  public static final int ATTR_OFFSET = 16;

  /** Size of the structure in bytes. */
  public static final int BYTES = ATTR_OFFSET + Attr.BYTES;

  private AttrOut() {}

  /** Writes all but the {@link Attr}. */
  public static void put(MemorySegment segment, long offset, long validSeconds) {
    segment.set(Wire.LONG, offset + VALID_SECONDS_OFFSET, validSeconds);
    segment.set(Wire.LONG, offset + VALID_SECONDS_OFFSET + Long.BYTES, 0);
  }
}
