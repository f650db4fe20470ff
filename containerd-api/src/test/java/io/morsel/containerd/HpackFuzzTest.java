package io.morsel.containerd;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Whatever a server sends as headers is read or refused. */
final class HpackFuzzTest {
  @FuzzTest(maxDuration = "30s")
  void isReadOrRefused(byte[] block) {
    try {
      for (Hpack.Header header : Hpack.decode(ByteBuffer.wrap(block))) {
        // A block is no longer than a frame, and this no longer than what a frame can hold.
        if (header.name().length() + header.value().length() > 2 * block.length + 64) {
          throw new AssertionError(header);
        }
      }
    } catch (IOException refused) {
      // As it should be.
      return;
    }
  }
}
