package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_init_out}: the reply to INIT, as of protocol 7.23. */
public final class InitOut {
  /** Offset of the protocol's major version. */
  public static final int MAJOR_OFFSET = 0;

  /** Offset of the protocol's minor version. */
  public static final int MINOR_OFFSET = 4;

  /** Offset of the read-ahead in bytes. */
  public static final int MAX_READAHEAD_OFFSET = 8;

  /** Offset of the agreed {@link InitFlag}s. */
  public static final int FLAGS_OFFSET = 12;

  /** Offset of how many asynchronous requests may be under way. */
  public static final int MAX_BACKGROUND_OFFSET = 16;

  /** Offset of the number of such requests from which on the device counts as congested. */
  public static final int CONGESTION_THRESHOLD_OFFSET = 18;

  /** Offset of the length of the largest WRITE in bytes; the kernel's minimum is 4096. */
  public static final int MAX_WRITE_OFFSET = 20;

  /** Offset of the granularity of timestamps in nanoseconds. */
  public static final int TIME_GRANULARITY_OFFSET = 24;

  /** Offset of the length of the largest request in pages. */
  public static final int MAX_PAGES_OFFSET = 28;

  /** Size of the structure in bytes. */
  public static final int BYTES = 64;

  private InitOut() {}

  /** Writes a reply to INIT for a filesystem that is never written to. */
  public static void put(
      MemorySegment segment,
      long offset,
      int minor,
      int maxReadahead,
      int flags,
      int maxBackground,
      int maxPages) {
    segment.asSlice(offset, BYTES).fill((byte) 0);
    segment.set(Wire.INT, offset + MAJOR_OFFSET, 7);
    segment.set(Wire.INT, offset + MINOR_OFFSET, minor);
    segment.set(Wire.INT, offset + MAX_READAHEAD_OFFSET, maxReadahead);
    segment.set(Wire.INT, offset + FLAGS_OFFSET, flags);
    segment.set(Wire.SHORT, offset + MAX_BACKGROUND_OFFSET, (short) maxBackground);
    segment.set(Wire.SHORT, offset + CONGESTION_THRESHOLD_OFFSET, (short) (maxBackground * 3 / 4));
    segment.set(Wire.INT, offset + MAX_WRITE_OFFSET, 4096);
    segment.set(Wire.INT, offset + TIME_GRANULARITY_OFFSET, 1);
    segment.set(Wire.SHORT, offset + MAX_PAGES_OFFSET, (short) maxPages);
  }
}
