package io.morsel.prefetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bitmap on the disk, file {@code present}: little-endian magic, version, chunk count, the
 * index's identity (32 bytes), one bit a chunk in 64-bit words, and a CRC-32C of all that.
 *
 * <p>It is replaced as a whole and never amended, so that a crash leaves the older one, which has
 * fewer bits. Whatever is odd about it counts as no bits: fetching again costs time, a bit that
 * lies costs wrong bytes.
 */
final class PresentFile {
  /** The file's name in a layer's directory. */
  static final String NAME = "present";

  private static final Logger log = LoggerFactory.getLogger(PresentFile.class);
  private static final long MAGIC = 0x544e534552504d4cL; // "LMPRESNT"
  private static final int VERSION = 1;
  private static final int IDENTITY_BYTES = 32;
  private static final int HEADER_BYTES = 8 + 4 + 4 + IDENTITY_BYTES;

  private PresentFile() {}

  /**
   * Reads the bits; none of them is set where the file is missing, damaged or of another index.
   *
   * @param identity 32 bytes in hexadecimal digits that tell this index, its layout included, from
   *     every other
   */
  static long[] read(Path directory, int chunks, String identity) throws IOException {
    long[] none = new long[PresentBitmap.words(chunks)];
    Path file = directory.resolve(NAME);
    ByteBuffer bytes;
    try {
      long size = Files.size(file);
      long expected = HEADER_BYTES + 8L * none.length + 4;
      if (size != expected) {
        return refuse(file, "it has " + size + " bytes instead of " + expected, none);
      }
      bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (NoSuchFileException e) {
      return none;
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, bytes.capacity() - 4);
    if ((int) crc.getValue() != bytes.getInt(bytes.capacity() - 4)) {
      return refuse(file, "its checksum is wrong", none);
    }
    if (bytes.getLong() != MAGIC || bytes.getInt() != VERSION) {
      return refuse(file, "its format is unknown", none);
    }
    byte[] found = new byte[IDENTITY_BYTES];
    if (bytes.getInt() != chunks || !identity.equals(HexFormat.of().formatHex(get(bytes, found)))) {
      return refuse(file, "it belongs to another index", none);
    }
    long[] bits = new long[none.length];
    bytes.asLongBuffer().get(bits);
    if ((chunks & 63) != 0 && (bits[bits.length - 1] & (-1L << chunks)) != 0) {
      return refuse(file, "it names chunks that do not exist", none);
    }
    return bits;
  }

  /** Replaces the file; on return it is on the disk. */
  static void write(Path directory, int chunks, String identity, long[] bits) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(HEADER_BYTES + 8 * bits.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes
        .putLong(MAGIC)
        .putInt(VERSION)
        .putInt(chunks)
        .put(HexFormat.of().parseHex(identity), 0, IDENTITY_BYTES);
    for (long word : bits) {
      bytes.putLong(word);
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, bytes.position());
    bytes.putInt((int) crc.getValue()).flip();
    replace(directory, NAME, bytes);
  }

  /** Replaces a small file in one step; on return it is on the disk. */
  static void replace(Path directory, String name, ByteBuffer bytes) throws IOException {
    Path temporary = directory.resolve(name + ".tmp");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(temporary, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(directory);
  }

  /** Returns once the directory's entries are on the disk. */
  static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static byte[] get(ByteBuffer bytes, byte[] target) {
    bytes.get(target);
    return target;
  }

  private static long[] refuse(Path file, String reason, long[] none) {
    log.warn("{}: {}; the layer's content will be fetched again", file, reason);
    return none;
  }
}
