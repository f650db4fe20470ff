package io.morsel.bench.image;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;

/**
 * A layer as it is stored: one gzip stream of a tar.
 *
 * @param file where it lies
 * @param digest of the compressed bytes, SHA-256 in hexadecimal
 * @param diffId of the tar, SHA-256 in hexadecimal
 */
record Layer(Path file, String digest, String diffId) {
  /**
   * Writes a layer.
   *
   * @param level gzip's, 1 to 9
   * @param tar writes the tar
   */
  static Layer write(Path file, int level, Consumer<OutputStream> tar) throws IOException {
    MessageDigest diffId = OciLayout.sha256();
    MessageDigest digest = OciLayout.sha256();
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20);
        OutputStream zip = new LevelledGzip(new DigestOutputStream(out, digest), level);
        OutputStream plain =
            new BufferedOutputStream(new DigestOutputStream(zip, diffId), 1 << 16)) {
      tar.accept(plain);
    }
    return new Layer(file, hex(digest), hex(diffId));
  }

  private static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** gzip at a level that its caller chooses. */
  private static final class LevelledGzip extends GZIPOutputStream {
    LevelledGzip(OutputStream out, int level) throws IOException {
      super(out, 1 << 16);
      def.setLevel(level);
    }
  }
}
