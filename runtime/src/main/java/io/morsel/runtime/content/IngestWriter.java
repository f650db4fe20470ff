package io.morsel.runtime.content;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;

/** One open write. Not safe for use by many threads. */
final class IngestWriter implements AutoCloseable {
  private final Path directory;
  private final IngestStatus opened;
  private final MessageDigest hash;
  private final Clock clock;
  private final FileChannel data;
  private long offset;
  private Instant updated;

  IngestWriter(Path directory, IngestStatus opened, MessageDigest hash, Clock clock)
      throws IOException {
    this.directory = directory;
    this.opened = opened;
    this.hash = hash;
    this.clock = clock;
    this.offset = opened.offsetBytes();
    this.updated = opened.updated();
    this.data = IngestDirectory.openData(directory);
  }

  IngestStatus status() {
    return new IngestStatus(opened.ref(), offset, opened.totalBytes(), opened.started(), updated);
  }

  /** The digest of what is written until now. */
  String digest() {
    return Sha256.digest(hash);
  }

  void write(ByteBuffer bytes) throws IOException {
    hash.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      offset += data.write(bytes, offset);
    }
    updated = clock.instant();
  }

  /** Begins anew. */
  void truncate() throws IOException {
    data.truncate(0);
    hash.reset();
    offset = 0;
  }

  /**
   * Makes a blob of what is written; durable when this returns. Whether or not that succeeds, the
   * write is closed.
   *
   * @param expected the digest that it must have; empty for any
   * @return the digest
   */
  String commit(BlobDirectory blobs, long sizeBytes, String expected)
      throws IOException, ContainerdException {
    String actual = digest();
    try {
      data.force(true);
    } finally {
      data.close();
    }
    if (sizeBytes > 0 && sizeBytes != offset) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION,
          "unexpected commit size " + offset + ", expected " + sizeBytes);
    }
    if (!expected.isEmpty() && !expected.equals(actual)) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION,
          "unexpected commit digest " + actual + ", expected " + expected);
    }
    blobs.adopt(directory.resolve("data"), actual);
    IngestDirectory.delete(directory);
    return actual;
  }

  /** Keeps what is written for whoever opens it again. */
  @Override
  public void close() throws IOException {
    if (data.isOpen()) {
      try {
        data.force(true);
      } finally {
        data.close();
      }
      IngestDirectory.writeTime(directory.resolve("updatedat"), updated);
    }
  }
}
