package io.morsel.stargz;

import java.util.Optional;

/** Decoding without libdeflate, as on machines that have none. */
final class InflaterDecoderTest extends ChunkDecoderContract {
  InflaterDecoderTest() {
    super(new GzipContexts(Optional.empty()));
  }
}
