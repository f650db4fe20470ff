package io.morsel.fuse;

import io.morsel.fuse.protocol.OutHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Memory for one reply. The body starts at a page and the header ends just before it, so that one
 * {@code write} sends both and the kernel copies whole pages to whole pages.
 */
final class ReplyBuffer implements AutoCloseable {
  /** Where the body starts. */
  static final int BODY = 4096;

  /** Where the header starts. */
  static final int HEADER = BODY - OutHeader.BYTES;

  /** The largest body: the largest read that INIT agrees on. */
  static final int MAX_BODY_BYTES = 1 << 20;

  private final MemorySegment segment;
  private final MemorySegment message;
  private final ByteBuffer body;

  ReplyBuffer() throws IOException {
    segment = Linux.map(BODY + MAX_BODY_BYTES);
    message = segment.asSlice(HEADER);
    body = segment.asSlice(BODY, MAX_BODY_BYTES).asByteBuffer();
  }

  MemorySegment segment() {
    return segment;
  }

  /** The reply: header and body. */
  MemorySegment message() {
    return message;
  }

  /** The body as a buffer, with room for {@code bytes} bytes. */
  ByteBuffer body(int bytes) {
    return body.clear().limit(bytes);
  }

  /** Unmaps the memory; nothing may use it any more. */
  @Override
  public void close() {
    Linux.unmap(segment);
  }
}
