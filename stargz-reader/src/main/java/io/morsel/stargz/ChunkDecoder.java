package io.morsel.stargz;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Turns a chunk's compressed bytes into its verified content.
 *
 * <p>Safe for use by many threads; contexts and buffers that decoding needs are pooled.
 */
public interface ChunkDecoder {
  /**
   * Room behind a chunk, in bytes, with which it is decoded faster: enough for what mostly follows
   * it in its stream, the padding and the next header of the tar.
   */
  int SPARE_BYTES = 4 << 10;

  /**
   * Decodes one chunk.
   *
   * @param chunk the chunk's number in the layer's {@link ChunkTable}
   * @param compressed the chunk's {@link ChunkTable#blobLength} bytes, consumed; direct or heap
   * @param content receives the chunk's {@link ChunkTable#dataLength} bytes, and is positioned
   *     behind them; up to {@link #SPARE_BYTES} behind them are undefined afterwards, as far as its
   *     limit. Where this method fails, all of it is undefined and must not reach anyone
   * @throws LayerFormatException if the bytes can't be decoded, or fail their digest
   */
  void decode(int chunk, ByteBuffer compressed, ByteBuffer content) throws IOException;
}
