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
   * Decodes one chunk.
   *
   * @param chunk the chunk's number in the layer's {@link ChunkTable}
   * @param compressed the chunk's {@link ChunkTable#blobLength} bytes, consumed; direct or heap
   * @param content receives exactly the chunk's {@link ChunkTable#dataLength} bytes; where this
   *     method fails, what was written into it is undefined and must not reach anyone
   * @throws LayerFormatException if the bytes can't be decoded, or fail their digest
   */
  void decode(int chunk, ByteBuffer compressed, ByteBuffer content) throws IOException;
}
