package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Decoding with libdeflate, where the machine has it. */
final class LibdeflateDecoderTest extends ChunkDecoderContract {
  private static final Optional<Libdeflate> LIBRARY = Libdeflate.find();

  LibdeflateDecoderTest() {
    super(new GzipContexts(LIBRARY));
  }

  @BeforeAll
  static void isThere() {
    assumeTrue(LIBRARY.isPresent(), "libdeflate.so.0 is not installed");
  }

  /** Otherwise the contract would be kept by the inflater alone. */
  @Test
  void decodesWholeStreamsItself() {
    byte[] text = "abcabcabc ".repeat(50).getBytes(StandardCharsets.US_ASCII);
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(text);
    deflater.finish();
    ByteBuffer compressed = ByteBuffer.allocateDirect(1_000);
    deflater.deflate(compressed);
    deflater.end();
    compressed.flip();
    ByteBuffer content = ByteBuffer.allocateDirect(1_000);
    try (var decompressor = LIBRARY.orElseThrow().new Decompressor()) {
      assertThat(decompressor.decompress(compressed, content)).isEqualTo(text.length);
      assertThat(content.limit(text.length)).isEqualTo(ByteBuffer.wrap(text));
      content.limit(text.length - 1);
      assertThat(decompressor.decompress(compressed, content)).isEqualTo(text.length - 1);
      compressed.limit(compressed.limit() - 1);
      assertThat(decompressor.decompress(compressed, content.clear())).isEqualTo(-1);
    }
  }
}
