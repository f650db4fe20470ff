package io.morsel.runtime.content;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hash that blobs are named by. */
final class Sha256 {
  private static final int BUFFER_BYTES = 1 << 20;

  private Sha256() {}

  static MessageDigest create() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The digest of what was hashed until now; hashing goes on. */
  static String digest(MessageDigest hash) {
    try {
      MessageDigest copy = (MessageDigest) hash.clone();
      return "sha256:" + HexFormat.of().formatHex(copy.digest());
    } catch (CloneNotSupportedException e) {
      throw new AssertionError("the platform's SHA-256 can be cloned", e);
    }
  }

  /** Hashes a file. */
  static void update(MessageDigest hash, Path file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer) >= 0) {
        hash.update(buffer.flip());
        buffer.clear();
      }
    }
  }
}
