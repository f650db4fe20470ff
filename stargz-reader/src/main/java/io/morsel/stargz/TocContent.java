package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a TOC says about the content of regular files: checked chunk by chunk while it is read, and
 * laid out as the layer's data when it has been read.
 */
final class TocContent {
  private static final byte[] NO_DIGEST = new byte[ChunkRecords.DIGEST_BYTES];

  private final LayerLimits limits;
  private final long tocOffset;
  private final ChunkRecords chunks = new ChunkRecords();
  private final List<ErofsNode> files = new ArrayList<>();
  private int[] firstChunks = new int[64];

  /** Where compressed streams start, of files that are hidden or replaced too. */
  private long[] streams = new long[64];

  private int streamCount;

  // The file whose chunks are being read.
  private @Nullable ErofsNode current;
  private boolean open;
  private final TocText name = new TocText();
  private long size;
  private long covered;
  private final TocText digest = new TocText();
  private int first;

  TocContent(LayerLimits limits, long tocOffset) {
    this.limits = limits;
    this.tocOffset = tocOffset;
  }

  /**
   * Begins a regular file, whose entry describes its first chunk too.
   *
   * @param node null where the file is hidden from the layer's tree
   */
  void begin(TocEntry entry, @Nullable ErofsNode node) throws LayerFormatException {
    name.set(entry.name);
    size = entry.size;
    digest.set(entry.digest);
    covered = 0;
    first = chunks.count();
    current = node;
    open = true;
    if (size < 0) {
      throw lie("has the size " + size);
    }
    if (size > limits.maxDataBytes()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "file %s has %d bytes; a layer may have %d"
              .formatted(TocEntry.printable(name), size, limits.maxDataBytes()));
    }
    if (size > 0) {
      chunk(entry);
    }
  }

  /** Goes on with the file that began last. */
  void chunk(TocEntry entry) throws LayerFormatException {
    if (!open) {
      throw new LayerFormatException(
          Kind.MALFORMED, "the TOC has a chunk of " + entry.title() + " that follows no file");
    }
    long length = entry.chunkSize == 0 ? size - entry.chunkOffset : entry.chunkSize;
    if (entry.chunkOffset != covered) {
      throw lie(
          "has a chunk at %d where one at %d should follow".formatted(entry.chunkOffset, covered));
    }
    if (length <= 0 || length > size - covered) {
      throw lie("has %d bytes, but a chunk of %d bytes at %d".formatted(size, length, covered));
    }
    if (entry.offset < 0 || entry.offset >= tocOffset) {
      throw lie(
          "has a chunk at %d of the blob, whose content ends at %d"
              .formatted(entry.offset, tocOffset));
    }
    if (entry.innerOffset < 0) {
      throw lie("has the inner offset " + entry.innerOffset);
    }
    if (entry.innerOffset > 4L * limits.maxChunkBytes()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "%d bytes stand before a chunk of file %s in its stream; at most %d may"
              .formatted(entry.innerOffset, TocEntry.printable(name), 4L * limits.maxChunkBytes()));
    }
    covered += length;
    addStream(entry.offset);
    chunks.add(
        entry.offset, entry.innerOffset, entry.chunkOffset, length, parse(entry.chunkDigest));
  }

  /** Ends the file that began last, if one did. */
  void end() throws LayerFormatException {
    if (!open) {
      return;
    }
    open = false;
    if (covered != size) {
      throw lie("has %d bytes, but chunks for only %d".formatted(size, covered));
    }
    ErofsNode node = current;
    if (node == null || size == 0) {
      chunks.truncate(first);
      return;
    }
    boolean complete = true;
    for (int i = first; i < chunks.count(); i++) {
      complete &= chunks.hasDigest(i);
    }
    if (!complete) {
      verifyAsWhole();
    }
    for (int i = first; i < chunks.count(); i++) {
      if (chunks.length(i) > limits.maxChunkBytes()) {
        throw new LayerFormatException(
            Kind.TOO_LARGE,
            "file %s has a piece of %d bytes that can only be verified as a whole; at most %d are allowed: convert the image again with smaller chunks"
                .formatted(TocEntry.printable(name), chunks.length(i), limits.maxChunkBytes()));
      }
    }
    if (files.size() == firstChunks.length) {
      firstChunks = Arrays.copyOf(firstChunks, firstChunks.length * 2);
    }
    firstChunks[files.size()] = first;
    files.add(node);
    node.tag(files.size());
  }

  /** Legacy stargz knows no digests of chunks: the file is then one chunk over several streams. */
  private void verifyAsWhole() throws LayerFormatException {
    byte[] whole = parse(digest);
    if (Arrays.equals(whole, NO_DIGEST)) {
      throw lie("has chunks without a digest, and none of its own: it can't be verified");
    }
    for (int i = first + 1; i < chunks.count(); i++) {
      if (chunks.innerOffset(i) != 0 || chunks.blobOffset(i) <= chunks.blobOffset(i - 1)) {
        throw lie("has no digests of chunks, and its chunks don't follow each other in the blob");
      }
    }
    chunks.merge(first, whole);
  }

  /** How the content of the files in a tree is laid out: its chunks, by their place in the data. */
  static final class Layout {
    private final ChunkRecords chunks;
    private final int[] order;
    private final long[] dataOffsets;
    private final long[] ends;
    private int added;
    private long dataBytes;

    private Layout(ChunkRecords chunks, int[] order, long[] dataOffsets, long[] ends) {
      this.chunks = chunks;
      this.order = order;
      this.dataOffsets = dataOffsets;
      this.ends = ends;
    }

    private void add(int chunk, long dataOffset, long end) {
      order[added] = chunk;
      dataOffsets[added] = dataOffset;
      ends[added] = end;
      added++;
    }

    int count() {
      return order.length;
    }

    ChunkRecords chunks() {
      return chunks;
    }

    /** The number among the records of the chunk that is at this place in the order. */
    int chunk(int index) {
      return order[index];
    }

    long dataOffset(int index) {
      return dataOffsets[index];
    }

    /** Where in the blob the chunk's last stream ends at the latest. */
    long streamEnd(int index) {
      return ends[index];
    }

    long dataBytes() {
      return dataBytes;
    }
  }

  /**
   * Gives each file that is still in the tree its place in the layer's data, in the order of the
   * TOC, which is that of the blob.
   *
   * @param alive whether the file with this tag is in the tree
   */
  Layout layOut(java.util.BitSet alive) throws LayerFormatException {
    int count = 0;
    for (int file = 0; file < files.size(); file++) {
      if (alive.get(file + 1)) {
        count += lastChunk(file) - firstChunks[file];
      }
    }
    Arrays.sort(streams, 0, streamCount);
    Layout layout = new Layout(chunks, new int[count], new long[count], new long[count]);
    for (int file = 0; file < files.size(); file++) {
      if (alive.get(file + 1)) {
        place(file, layout);
      }
    }
    layout.dataBytes = (layout.dataBytes + 4095) & ~4095L;
    return layout;
  }

  /** Gives a file its place behind those that have one. */
  private void place(int file, Layout layout) throws LayerFormatException {
    ErofsNode node = files.get(file);
    long start = (layout.dataBytes + 4095) & ~4095L;
    long end = start + node.sizeBytes();
    if (end > limits.maxDataBytes()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "the layer's files have more than " + limits.maxDataBytes() + " bytes together");
    }
    node.data(node.sizeBytes(), start);
    for (int chunk = firstChunks[file]; chunk < lastChunk(file); chunk++) {
      layout.add(chunk, start + chunks.chunkOffset(chunk), streamEnd(chunks.lastBlobOffset(chunk)));
    }
    layout.dataBytes = end;
  }

  private int lastChunk(int file) {
    return file + 1 < files.size() ? firstChunks[file + 1] : chunks.count();
  }

  /** Where the stream that starts at this offset ends at the latest: where the next one starts. */
  private long streamEnd(long offset) {
    int low = 0;
    int high = streamCount;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (streams[middle] <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < streamCount ? streams[low] : tocOffset;
  }

  private void addStream(long offset) {
    if (streamCount > 0 && streams[streamCount - 1] == offset) {
      return;
    }
    if (streamCount == streams.length) {
      streams = Arrays.copyOf(streams, streamCount + (streamCount >> 1));
    }
    streams[streamCount++] = offset;
  }

  private byte[] parse(TocText text) throws LayerFormatException {
    if (text.isEmpty()) {
      return NO_DIGEST;
    }
    byte[] bytes = text.sha256();
    // All zeros is no hash of anything, and means "none" further on.
    if (bytes == null || Arrays.equals(bytes, NO_DIGEST)) {
      throw lie("has the digest " + TocEntry.printable(text) + ", which is no SHA-256");
    }
    return bytes;
  }

  private LayerFormatException lie(String what) {
    return new LayerFormatException(
        Kind.MALFORMED, "file %s %s".formatted(TocEntry.printable(name), what));
  }
}
