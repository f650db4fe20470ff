package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.IntFunction;
import java.util.zip.DataFormatException;

/**
 * Decodes chunks of eStargz and legacy stargz: gzip members, in which a chunk starts {@link
 * ChunkTable#innerOffset} uncompressed bytes after the start of the first one.
 *
 * <p>What follows the chunk in its member (padding and headers of the tar) is not decoded. A chunk
 * whose record in the table is 32 zero bytes has no digest, as chunks of legacy stargz may; then
 * the member is decoded to its end and has to pass the CRC-32 and length in its trailer, which
 * finds accidents, not attacks. Whether such a layer is read at all is decided where its index is
 * built.
 *
 * <p>Safe for use by many threads; contexts (decompressors, a hash and a scratch buffer) are pooled
 * for the whole process and allocate nothing per chunk.
 *
 * <p>Where the machine has libdeflate, a chunk at the start of its member is decoded by it, from
 * direct memory to direct memory; everything else is by {@link java.util.zip.Inflater}.
 */
public final class GzipChunkDecoder implements ChunkDecoder {
  private static final int SHA256_BYTES = 32;
  private static final byte[] NO_DIGEST = new byte[SHA256_BYTES];

  private final ChunkTable chunks;
  private final IntFunction<String> pathOf;
  private final GzipContexts contexts;

  /**
   * A decoder of the chunks in this table.
   *
   * @param pathOf names a file that holds the chunk of this number, for messages
   */
  public GzipChunkDecoder(ChunkTable chunks, IntFunction<String> pathOf) {
    this(chunks, pathOf, GzipContexts.SHARED);
  }

  GzipChunkDecoder(ChunkTable chunks, IntFunction<String> pathOf, GzipContexts contexts) {
    this.chunks = chunks;
    this.pathOf = pathOf;
    this.contexts = contexts;
  }

  @Override
  public void decode(int chunk, ByteBuffer compressed, ByteBuffer content)
      throws LayerFormatException {
    int length = chunks.dataLength(chunk);
    if (content.remaining() < length) {
      throw new IllegalArgumentException(
          "room for %d bytes, but chunk %d has %d".formatted(content.remaining(), chunk, length));
    }
    GzipContext context = contexts.take();
    boolean reusable = false;
    try {
      decode(context, chunk, length, compressed, content);
      reusable = true;
    } catch (DataFormatException e) {
      throw new LayerFormatException(
          Kind.MALFORMED, "%s can't be decoded: %s".formatted(describe(chunk), e.getMessage()), e);
    } finally {
      contexts.give(context, reusable);
      compressed.position(compressed.limit());
    }
  }

  private void decode(
      GzipContext context, int chunk, int length, ByteBuffer compressed, ByteBuffer content)
      throws DataFormatException, LayerFormatException {
    chunks.sha256(chunk, context.expected);
    boolean hasDigest = !Arrays.equals(context.expected, NO_DIGEST);

    if (hasDigest
        && chunks.innerOffset(chunk) == 0
        && context.decodeAtOnce(compressed, content, length)) {
      return;
    }
    int start = content.position();
    int limit = content.limit();
    context.start(compressed, !hasDigest);
    context.skip(chunks.innerOffset(chunk));
    content.limit(start + length);
    try {
      context.fill(content);
      if (!hasDigest) {
        context.finishMember();
        return;
      }
      content.position(start);
      context.sha256.update(content);
    } finally {
      content.limit(limit);
    }
    context.digest();
    if (!Arrays.equals(context.expected, context.actual)) {
      throw new LayerFormatException(
          Kind.CHUNK_DIGEST_MISMATCH,
          "%s has digest sha256:%s, but the TOC gives sha256:%s: the blob was altered after its TOC was made, or on its way"
              .formatted(describe(chunk), hex(context.actual), hex(context.expected)));
    }
  }

  private String describe(int chunk) {
    return "chunk %d (bytes %d to %d of the blob, %d bytes from %d on in their stream) of file %s"
        .formatted(
            chunk,
            chunks.blobOffset(chunk),
            chunks.blobOffset(chunk) + chunks.blobLength(chunk),
            chunks.dataLength(chunk),
            chunks.innerOffset(chunk),
            pathOf.apply(chunk));
  }

  private static String hex(byte[] digest) {
    return HexFormat.of().formatHex(digest);
  }
}
