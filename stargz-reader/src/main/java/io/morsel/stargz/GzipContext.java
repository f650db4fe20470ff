package io.morsel.stargz;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * What decoding a run of gzip members needs; used by one thread at a time, taken from {@link
 * GzipContexts}.
 *
 * <p>Owns native memory, so it has to be given back, or closed, by whoever took it.
 */
final class GzipContext implements AutoCloseable {
  private static final int SCRATCH_BYTES = 32 << 10;

  /** Stands in for a finished input, so that the pool keeps no caller's buffer alive. */
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  final MessageDigest sha256;
  final byte[] expected = new byte[32];
  final byte[] actual = new byte[32];

  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
  private final Libdeflate.@Nullable Decompressor decompressor;
  private ByteBuffer input = NOTHING;
  private boolean checked;

  /** A context that uses libdeflate where it can, if given. */
  GzipContext(Optional<Libdeflate> library) {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    decompressor = library.map(found -> found.new Decompressor()).orElse(null);
  }

  /** Makes the context fit for the next use, which begins with {@link #start}. */
  void reset() {
    input = NOTHING;
    inflater.reset();
    inflater.setInput(NOTHING);
    sha256.reset();
  }

  /** Frees the native memory. */
  @Override
  public void close() {
    inflater.end();
    if (decompressor != null) {
      decompressor.close();
    }
  }

  /**
   * Tries to decode a chunk that starts its member, has the digest {@link #expected}, and is
   * followed by little else in its member, by libdeflate.
   *
   * <p>What comes of it counts only if it has the digest. Whatever else it is - a chunk over
   * several members, a long member that libdeflate gave up, damage - is left to be told by the
   * inflater, so that both ways accept the same streams and fail with the same words.
   *
   * @param content has room for the chunk; what it has beyond that, up to {@link
   *     ChunkDecoder#SPARE_BYTES}, is overwritten
   * @return whether the chunk is there, and {@code content} positioned behind it; where not, both
   *     buffers are positioned as before
   */
  boolean decodeAtOnce(ByteBuffer compressed, ByteBuffer content, int length)
      throws DataFormatException {
    if (decompressor == null || !compressed.isDirect() || !content.isDirect()) {
      return false;
    }
    int from = compressed.position();
    int start = content.position();
    int limit = content.limit();
    boolean decoded = false;
    try {
      GzipHeader.skip(compressed);
      long room = Math.min((long) limit - start, (long) length + ChunkDecoder.SPARE_BYTES);
      content.limit(start + (int) room);
      if (decompressor.decompress(compressed, content) >= length) {
        sha256.update(content.limit(start + length));
        digest();
        decoded = Arrays.equals(expected, actual);
      }
    } finally {
      compressed.position(from);
      content.limit(limit).position(decoded ? start + length : start);
    }
    return decoded;
  }

  /**
   * Starts with the gzip member at the input's position.
   *
   * @param checkCrc whether {@link #finishMember} will be asked to check the trailer
   */
  void start(ByteBuffer compressed, boolean checkCrc) throws DataFormatException {
    input = compressed;
    checked = checkCrc;
    openMember();
  }

  /** Decodes this many bytes and drops them. */
  void skip(long bytes) throws DataFormatException {
    long left = bytes;
    while (left > 0) {
      scratch.clear().limit((int) Math.min(left, SCRATCH_BYTES));
      int room = scratch.remaining();
      fill(scratch);
      left -= room;
    }
  }

  /** Decodes until {@code target} is full, over as many members as that takes. */
  void fill(ByteBuffer target) throws DataFormatException {
    while (target.hasRemaining()) {
      if (step(target) == 0 && inflater.finished()) {
        closeMember();
        if (!input.hasRemaining()) {
          throw new DataFormatException(
              "the compressed stream ends %d bytes too early".formatted(target.remaining()));
        }
        openMember();
      }
    }
  }

  /** Decodes and drops the rest of the member, and checks its trailer. */
  void finishMember() throws DataFormatException {
    while (!inflater.finished()) {
      scratch.clear();
      step(scratch);
    }
    closeMember();
  }

  /** Completes the hash into {@link #actual}. */
  void digest() {
    try {
      sha256.digest(actual, 0, actual.length);
    } catch (DigestException e) {
      throw new IllegalStateException("a SHA-256 has 32 bytes", e);
    }
  }

  /** Inflates some bytes; none only at the member's end. */
  private int step(ByteBuffer target) throws DataFormatException {
    int start = target.position();
    int produced = inflater.inflate(target);
    if (produced == 0 && !inflater.finished()) {
      throw new DataFormatException(
          inflater.needsDictionary()
              ? "the compressed stream asks for a preset dictionary"
              : "the compressed stream is cut off");
    }
    if (checked && produced > 0) {
      int limit = target.limit();
      target.position(start).limit(start + produced);
      crc.update(target);
      target.limit(limit);
    }
    return produced;
  }

  private void openMember() throws DataFormatException {
    GzipHeader.skip(input);
    inflater.reset();
    inflater.setInput(input);
    crc.reset();
  }

  private void closeMember() throws DataFormatException {
    if (input.remaining() < 8) {
      throw new DataFormatException("gzip trailer cut off");
    }
    long crcFound = littleEndian32();
    long lengthFound = littleEndian32();
    if (checked && (crcFound != crc.getValue() || lengthFound != lengthModulo32())) {
      throw new DataFormatException("the member fails the CRC-32 or length in its trailer");
    }
  }

  private long lengthModulo32() {
    return inflater.getBytesWritten() & 0xffffffffL;
  }

  private long littleEndian32() {
    long value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= (input.get() & 0xffL) << shift;
    }
    return value;
  }
}
