package io.morsel.fuse.protocol;

import java.lang.foreign.MemorySegment;

/** Descriptor of {@code struct fuse_out_header}: the header of every reply. */
public final class OutHeader {
  /** Offset of the length of the whole reply in bytes, this header included. */
  public static final int LENGTH_OFFSET = 0;

  /** Offset of 0 or a negative error number. */
  public static final int ERROR_OFFSET = 4;

  /** Offset of the number of the request that is answered. */
  public static final int UNIQUE_OFFSET = 8;

  /** Size of the structure in bytes. */
  public static final int BYTES = 16;

  /** Asks the kernel to send again what it has been given no reply to: FUSE_NOTIFY_RESEND. */
  public static final int NOTIFY_RESEND = 7;

  private OutHeader() {}

  /**
   * Writes a header.
   *
   * @param bodyBytes length of what follows the header
   * @param errno 0, or the positive error number
   */
  public static void put(
      MemorySegment segment, long offset, int bodyBytes, int errno, long unique) {
    segment.set(Wire.INT, offset + LENGTH_OFFSET, BYTES + bodyBytes);
    segment.set(Wire.INT, offset + ERROR_OFFSET, -errno);
    segment.set(Wire.LONG, offset + UNIQUE_OFFSET, unique);
  }

  /**
   * Writes the header of a message that answers no request.
   *
   * @param bodyBytes length of what follows the header
   * @param code what the kernel is told, such as {@link #NOTIFY_RESEND}
   */
  public static void putNotification(MemorySegment segment, long offset, int bodyBytes, int code) {
    segment.set(Wire.INT, offset + LENGTH_OFFSET, BYTES + bodyBytes);
    segment.set(Wire.INT, offset + ERROR_OFFSET, code);
    segment.set(Wire.LONG, offset + UNIQUE_OFFSET, 0);
  }
}
