package io.morsel.cli.convert;

import io.morsel.registry.Descriptor;
import io.morsel.registry.RegistryException;
import io.morsel.registry.RegistryException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/** A blob as it is read, whose digest is checked in the end. */
final class VerifyingStream extends FilterInputStream {
  private final Descriptor descriptor;
  private final LongConsumer progress;
  private final MessageDigest hash;
  private long count;

  /** Reads {@code source}, which is closed with this stream. */
  VerifyingStream(InputStream source, Descriptor descriptor, LongConsumer progress) {
    super(source);
    this.descriptor = descriptor;
    this.progress = progress;
    this.hash = descriptor.digest().hasher();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int read = super.read(target, offset, length);
    if (read > 0) {
      hash.update(target, offset, read);
      count += read;
      progress.accept(count);
    }
    return read;
  }

  @Override
  public long skip(long bytes) throws IOException {
    return readNBytes((int) Math.min(bytes, 64 << 10)).length;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  /**
   * Reads what is left, and checks the digest of the whole.
   *
   * @throws RegistryException of kind INVALID_RESPONSE if it is another one
   */
  void verify() throws IOException {
    transferTo(OutputStream.nullOutputStream());
    if (count != descriptor.sizeBytes() || !descriptor.digest().matches(hash)) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "layer %s was served with other content than its digest says"
              .formatted(descriptor.digest()));
    }
  }
}
