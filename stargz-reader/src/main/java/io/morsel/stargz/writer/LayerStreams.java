package io.morsel.stargz.writer;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.morsel.stargz.GzipMembersInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/** Opens layers of any compression that OCI names: none, gzip, zstd. */
final class LayerStreams {
  private static final int MAGIC_BYTES = 4;

  private LayerStreams() {}

  /** The uncompressed tar of a layer, by the first bytes of it. */
  static InputStream uncompressed(InputStream layer) throws IOException {
    byte[] magic = layer.readNBytes(MAGIC_BYTES);
    PushbackInputStream whole = new PushbackInputStream(layer, MAGIC_BYTES);
    whole.unread(magic);
    if (startsWith(magic, 0x1f, 0x8b, 0x08)) {
      return new GzipMembersInputStream(whole);
    }
    // A frame, or a skippable one (0x184d2a50 to 5f, little endian) as zstd:chunked may start with.
    if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)
        || (magic.length == MAGIC_BYTES
            && (magic[0] & 0xf0) == 0x50
            && startsWith(magic, magic[0] & 0xff, 0x2a, 0x4d, 0x18))) {
      return new ZstdInputStreamNoFinalizer(whole);
    }
    return whole;
  }

  private static boolean startsWith(byte[] bytes, int... magic) {
    if (bytes.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((bytes[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
