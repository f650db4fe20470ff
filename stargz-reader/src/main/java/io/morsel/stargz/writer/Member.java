package io.morsel.stargz.writer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What goes into one gzip member, and the chunks in it. Filled by one thread, then compressed. */
final class Member {
  /** A chunk of a file; its digest is known once the member has been compressed. */
  static final class Chunk {
    final Member member;
    final long fileOffset;
    final int length;
    final int innerOffset;
    byte[] sha256 = {};

    Chunk(Member member, long fileOffset, int length, int innerOffset) {
      this.member = member;
      this.fileOffset = fileOffset;
      this.length = length;
      this.innerOffset = innerOffset;
    }
  }

  private static final int FIRST_CAPACITY = 4 << 10;

  private final List<Chunk> chunks = new ArrayList<>(1);
  private @Nullable GrowingBuffer content = new GrowingBuffer(FIRST_CAPACITY);
  private long chunkBytes;

  /** Where the member starts in the blob; known once it has been written. */
  private long blobOffset = -1;

  /** The uncompressed bytes, until {@link #written}. */
  GrowingBuffer content() {
    if (content == null) {
      throw new IllegalStateException("the member has been written");
    }
    return content;
  }

  /** Makes room for a chunk at the end of the content, to be filled by the caller. */
  Chunk addChunk(long fileOffset, int length) {
    Chunk chunk = new Chunk(this, fileOffset, length, content().extend(length));
    chunks.add(chunk);
    chunkBytes += length;
    return chunk;
  }

  List<Chunk> chunks() {
    return chunks;
  }

  /** Bytes of file content in it. */
  long chunkBytes() {
    return chunkBytes;
  }

  /** Notes where the member was written, and lets go of its content. */
  void written(long offset) {
    blobOffset = offset;
    content = null;
    chunks.clear();
  }

  /** Where the member starts in the blob, once {@link #written}. */
  long blobOffset() {
    if (blobOffset < 0) {
      throw new IllegalStateException("the member has not been written");
    }
    return blobOffset;
  }
}
