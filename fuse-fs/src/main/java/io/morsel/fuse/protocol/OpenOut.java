package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_open_out}: the reply to OPEN and OPENDIR. */
public final class OpenOut {
  /** Flag: the kernel keeps nothing of the file, and asks for just what is read. */
  public static final int DIRECT_IO = 1;

  /** Flag: opening does not drop the cache. */
  public static final int KEEP_CACHE = 1 << 1;

  /** Flag: the listing of the directory may be cached. */
  public static final int CACHE_DIR = 1 << 3;

  /** Offset of the file handle. */
  public static final int HANDLE_OFFSET = 0;

  /** Offset of the flags. */
  public static final int FLAGS_OFFSET = 8;

  /** Size of the structure in bytes. */
  public static final int BYTES = 16;

  private OpenOut() {}

  /** Writes the reply for a server that needs no file handles. */
  public static void put(MemorySegment segment, long offset, int flags) {
    segment.set(Wire.LONG, offset + HANDLE_OFFSET, 0);
    segment.set(Wire.INT, offset + FLAGS_OFFSET, flags);
    segment.set(Wire.INT, offset + FLAGS_OFFSET + Integer.BYTES, 0);
  }
}
