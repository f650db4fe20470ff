package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The chunk table on disk, memory-mapped: a header, then one record of fixed size for each chunk,
 * in the order of their place in the layer's data, then the list of {@linkplain ImpliedDirectories
 * implied directories}. All numbers are little endian.
 *
 * <pre>
 * header (128 bytes)                         record (64 bytes)
 *   0  magic "MORSELCT"                        0  offset in the layer's data     8
 *   8  version                     4           8  offset in the blob             8
 *  12  format of the blob          4          16  inner offset                   8
 *  16  SHA-256 of the TOC         32          24  length in the data             4
 *  48  end of prefetch, or -1      8          28  length in the blob             4
 *  56  size of the layer's data    8          32  SHA-256                       32
 *  64  size of the metadata image  8
 *  72  number of records           4
 *  76  CRC-32C of the records      4
 *  80  size of the list            8
 *  88  CRC-32C of the list         4
 *  92  CRC-32C of bytes 0 to 91    4
 * </pre>
 */
final class ChunkFile implements ChunkTable, AutoCloseable {
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final long MAGIC = 0x5443_4C45_5352_4F4DL;
  private static final int VERSION = 2;
  private static final int HEADER = 128;
  private static final int RECORD = 64;
  private static final int CHECKED_HEADER = 92;
  private static final int DIGEST_BYTES = 32;

  private final Arena arena;
  private final MemorySegment file;
  private final int count;
  private final LayerFormat format;
  private final ImpliedDirectories implied;

  private ChunkFile(Path path, Arena arena, MemorySegment file) throws LayerFormatException {
    this.arena = arena;
    this.file = file;
    if (file.byteSize() < HEADER || file.get(I64, 0) != MAGIC) {
      throw damaged(path, "it is no chunk table");
    }
    if (file.get(I32, 8) != VERSION) {
      throw damaged(path, "its version " + file.get(I32, 8) + " is unknown");
    }
    if (crc(file.asSlice(0, CHECKED_HEADER)) != file.get(I32, CHECKED_HEADER)) {
      throw damaged(path, "its header's checksum does not match");
    }
    count = file.get(I32, 72);
    long list = HEADER + (long) count * RECORD;
    long listBytes = file.get(I64, 80);
    if (count < 0 || listBytes < 0 || list > file.byteSize() - listBytes) {
      throw damaged(path, "it has %d bytes for %d records".formatted(file.byteSize(), count));
    }
    if (list + listBytes != file.byteSize()) {
      throw damaged(path, "it has more bytes than records");
    }
    if (crc(file.asSlice(HEADER, list - HEADER)) != file.get(I32, 76)
        || crc(file.asSlice(list)) != file.get(I32, 88)) {
      throw damaged(path, "its checksum does not match");
    }
    implied = new ImpliedDirectories(path, file.asSlice(list));
    format =
        switch (file.get(I32, 12)) {
          case 1 -> LayerFormat.ESTARGZ;
          case 2 -> LayerFormat.STARGZ;
          default -> throw damaged(path, "it names an unknown format");
        };
  }

  /** What the header says of the layer. */
  record Header(LayerFormat format, Digest toc, long prefetchEnd, long dataBytes, long metaBytes) {}

  /** The 32 bytes of a SHA-256. */
  static final class Digest {
    private final byte[] bytes;

    Digest(byte[] bytes) {
      this.bytes = bytes.clone();
    }
  }

  /**
   * Writes a table; {@code path} must not exist.
   *
   * @param root the tree, marked and written
   */
  static void write(Path path, Header header, TocContent.Layout layout, ErofsNode root)
      throws IOException {
    try (var channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.position(HEADER);
      var crc = new CRC32C();
      ByteBuffer buffer = ByteBuffer.allocateDirect(1024 * RECORD).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < layout.count(); i++) {
        put(layout, i, buffer);
        if (!buffer.hasRemaining()) {
          flush(channel, buffer, crc);
        }
      }
      flush(channel, buffer, crc);
      int tableCrc = (int) crc.getValue();
      crc.reset();
      long list = channel.position();
      ImpliedDirectories.write(
          root,
          record -> {
            if (buffer.remaining() < record.remaining()) {
              flush(channel, buffer, crc);
            }
            buffer.put(record);
          });
      flush(channel, buffer, crc);
      buffer.putLong(MAGIC).putInt(VERSION);
      buffer.putInt(
          switch (header.format) {
            case ESTARGZ -> 1;
            case STARGZ -> 2;
          });
      buffer.put(header.toc.bytes);
      buffer.putLong(header.prefetchEnd).putLong(header.dataBytes).putLong(header.metaBytes);
      buffer.putInt(layout.count()).putInt(tableCrc);
      buffer.putLong(channel.position() - list).putInt((int) crc.getValue());
      crc.reset();
      crc.update(buffer.duplicate().flip());
      buffer.putInt((int) crc.getValue());
      while (buffer.position() < HEADER) {
        buffer.put((byte) 0);
      }
      buffer.flip();
      for (long at = 0; buffer.hasRemaining(); ) {
        at += channel.write(buffer, at);
      }
    }
  }

  private static void put(TocContent.Layout layout, int index, ByteBuffer record) {
    ChunkRecords chunks = layout.chunks();
    int chunk = layout.chunk(index);
    long blobOffset = chunks.blobOffset(chunk);
    record.putLong(layout.dataOffset(index));
    record.putLong(blobOffset);
    record.putLong(chunks.innerOffset(chunk));
    record.putInt((int) chunks.length(chunk));
    record.putInt(
        blobLength(
            layout.streamEnd(index) - blobOffset,
            chunks.innerOffset(chunk) + chunks.length(chunk)));
    chunks.digest(chunk, record);
  }

  /**
   * How much of a stream to read for its first {@code bytes} uncompressed bytes. What follows them
   * (padding, other entries' headers) may be long, and no deflate stream in use needs more than
   * this for incompressible bytes.
   */
  private static int blobLength(long streamBytes, long bytes) {
    return (int) Math.min(Math.min(streamBytes, bytes + bytes / 8 + (1 << 16)), Integer.MAX_VALUE);
  }

  private static void flush(FileChannel channel, ByteBuffer buffer, CRC32C crc) throws IOException {
    buffer.flip();
    crc.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }

  /** Maps and checks a table. */
  @SuppressWarnings("MustBeClosedChecker") // The table owns the arena and closes it.
  static ChunkFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new ChunkFile(
          path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  LayerFormat format() {
    return format;
  }

  ImpliedDirectories impliedDirectories() {
    return implied;
  }

  byte[] tocDigest() {
    return file.asSlice(16, DIGEST_BYTES).toArray(ValueLayout.JAVA_BYTE);
  }

  /** -1 where there is none. */
  long prefetchEnd() {
    return file.get(I64, 48);
  }

  long dataBytes() {
    return file.get(I64, 56);
  }

  long metaBytes() {
    return file.get(I64, 64);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public long dataOffset(int chunk) {
    return file.get(I64, record(chunk));
  }

  @Override
  public int dataLength(int chunk) {
    return file.get(I32, record(chunk) + 24);
  }

  @Override
  public long blobOffset(int chunk) {
    return file.get(I64, record(chunk) + 8);
  }

  @Override
  public long blobLength(int chunk) {
    return file.get(I32, record(chunk) + 28);
  }

  @Override
  public long innerOffset(int chunk) {
    return file.get(I64, record(chunk) + 16);
  }

  @Override
  public void sha256(int chunk, byte[] target) {
    MemorySegment.copy(file, ValueLayout.JAVA_BYTE, record(chunk) + 32, target, 0, DIGEST_BYTES);
  }

  @Override
  public int firstEndingAfter(long dataOffset) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (dataOffset(middle) + dataLength(middle) <= dataOffset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  @Override
  public void close() {
    arena.close();
  }

  private long record(int chunk) {
    if (chunk < 0 || chunk >= count) {
      throw new IndexOutOfBoundsException("chunk " + chunk + " of " + count);
    }
    return HEADER + (long) chunk * RECORD;
  }

  private static int crc(MemorySegment bytes) {
    var crc = new CRC32C();
    // A buffer can't be larger than an int.
    for (long from = 0; from < bytes.byteSize(); from += 1 << 30) {
      crc.update(bytes.asSlice(from, Math.min(1 << 30, bytes.byteSize() - from)).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  private static LayerFormatException damaged(Path path, String why) {
    return new LayerFormatException(
        Kind.MALFORMED,
        "The index %s can't be read: %s. Remove it to have it built again.".formatted(path, why));
  }
}
