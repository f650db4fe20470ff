package io.morsel.stargz.writer;

import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;

/** Counts and hashes what passes through. */
final class DigestingOutput extends OutputStream {
  private final OutputStream target;
  private final MessageDigest sha256 = Hashes.sha256();
  private long count;

  DigestingOutput(OutputStream target) {
    this.target = target;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    target.write(bytes, offset, length);
    sha256.update(bytes, offset, length);
    count += length;
  }

  @Override
  public void flush() throws IOException {
    target.flush();
  }

  /** How many bytes have passed. */
  long count() {
    return count;
  }

  /** The digest of what has passed; ends the use of this stream. */
  String digest() {
    return Hashes.spelled(sha256.digest());
  }
}
