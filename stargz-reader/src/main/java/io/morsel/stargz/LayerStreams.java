package io.morsel.stargz;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.morsel.stargz.LayerFormatException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/** Opens layers of any compression that OCI names: none, gzip, zstd. */
public final class LayerStreams {
  private static final int MAGIC_BYTES = 4;

  private LayerStreams() {}

  /**
   * The uncompressed tar of a layer, by the first bytes of it; to be closed, which leaves the layer
   * open.
   */
  public static InputStream uncompressed(InputStream layer) throws IOException {
    byte[] magic = layer.readNBytes(MAGIC_BYTES);
    PushbackInputStream whole =
        new PushbackInputStream(layer, MAGIC_BYTES) {
          @Override
          public void close() {
            // Whoever opened the layer closes it.
          }
        };
    whole.unread(magic);
    if (startsWith(magic, 0x1f, 0x8b, 0x08)) {
      return new GzipMembersInputStream(whole);
    }
    // A frame, or a skippable one (0x184d2a50 to 5f, little endian) as zstd:chunked may start with.
    if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)
        || (magic.length == MAGIC_BYTES
            && (magic[0] & 0xf0) == 0x50
            && startsWith(magic, magic[0] & 0xff, 0x2a, 0x4d, 0x18))) {
      return new ZstdStream(whole);
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

  /** Zstandard whose failures are those of a layer. */
  private static final class ZstdStream extends FilterInputStream {
    ZstdStream(InputStream source) throws IOException {
      super(new ZstdInputStreamNoFinalizer(source));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      try {
        return super.read(target, offset, length);
      } catch (ZstdIOException e) {
        throw new LayerFormatException(
            Kind.MALFORMED, "zstd stream: " + String.valueOf(e.getMessage()), e);
      }
    }
  }
}
