package io.morsel.runtime.content;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.Scope;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One open write of a namespace. Where another namespace has a blob of the digest that was offered,
 * nothing needs to be written; if the client begins to write all the same, the bytes are copied
 * first. To be closed; not safe for use by many threads.
 */
public final class ContentWriter implements AutoCloseable {
  private static final int COPY_BYTES = 1 << 20;

  private final ContentStore store;
  private final Scope scope;
  private final String ref;
  private final String backendRef;
  private final Runnable unlock;
  private final Instant started;
  private String sharedDigest = "";
  private long sharedBytes;
  private @Nullable IngestWriter ingest;
  private boolean closed;

  ContentWriter(
      ContentStore store,
      Scope scope,
      String ref,
      String backendRef,
      Runnable unlock,
      Instant started) {
    this.store = store;
    this.scope = scope;
    this.ref = ref;
    this.backendRef = backendRef;
    this.unlock = unlock;
    this.started = started;
  }

  void share(String digest, long bytes) {
    sharedDigest = digest;
    sharedBytes = bytes;
  }

  void write(IngestWriter own) {
    ingest = own;
  }

  IngestStatus status() {
    return ingest == null
        ? new IngestStatus(ref, sharedBytes, sharedBytes, started, started)
        : ingest.status().withRef(ref);
  }

  /** The digest of what there is until now. */
  public String digest() {
    return ingest == null ? sharedDigest : ingest.digest();
  }

  /** How many bytes there are. */
  public long offsetBytes() {
    return status().offsetBytes();
  }

  /** Appends what is written; failures of that travel as the causes of what is thrown. */
  public OutputStream stream() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
          ContentWriter.this.write(ByteBuffer.wrap(bytes, offset, length));
        } catch (ContainerdException e) {
          throw new IOException(e.getMessage(), e);
        }
      }
    };
  }

  /** Appends. */
  public void write(ByteBuffer bytes) throws ContainerdException {
    if (!bytes.hasRemaining()) {
      return;
    }
    try {
      if (ingest == null) {
        ingest = copy(sharedBytes);
      }
      ingest.write(bytes);
    } catch (IOException e) {
      throw ContentStore.failure("can't write ingest " + ref, e);
    }
  }

  /** Begins anew. */
  public void truncate() throws ContainerdException {
    try {
      if (ingest == null) {
        ingest = copy(0);
      } else {
        ingest.truncate();
      }
    } catch (IOException e) {
      throw ContentStore.failure("truncate failed", e);
    }
  }

  private IngestWriter copy(long bytes) throws IOException {
    IngestWriter writer = store.openIngest(backendRef, bytes);
    boolean done = false;
    try {
      if (bytes > 0) {
        ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
        try (FileChannel blob = store.blobs().open(sharedDigest)) {
          while (blob.read(buffer) >= 0) {
            writer.write(buffer.flip());
            buffer.clear();
          }
        }
      }
      done = true;
      return writer;
    } finally {
      if (!done) {
        writer.close();
      }
    }
  }

  /**
   * Makes a blob of what there is, durably.
   *
   * @param sizeBytes how many bytes it must have; 0 for any
   * @param expected the digest it must have; empty for any
   * @throws ContainerdException of class FAILED_PRECONDITION where it has others; of class
   *     ALREADY_EXISTS where the namespace has the blob, and the write is done
   */
  public void commit(long sizeBytes, String expected, Map<String, String> labels)
      throws ContainerdException {
    LabelSets.validate("info.Labels", labels);
    IngestWriter own = ingest;
    long size = offsetBytes();
    if (sizeBytes != 0 && sizeBytes != size) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION,
          GoText.quote(ref) + " failed size validation: " + size + " != " + sizeBytes);
    }
    if (own == null && !expected.isEmpty() && !expected.equals(sharedDigest)) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION, GoText.quote(ref) + " unexpected digest");
    }
    store.commit(
        scope,
        ref,
        size,
        labels,
        () -> own == null ? sharedDigest : own.commit(store.blobs(), size, expected));
  }

  /** Lets others write to the reference; what is written stays for them. */
  @Override
  public void close() throws ContainerdException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (ingest != null) {
        ingest.close();
      }
    } catch (IOException e) {
      throw ContentStore.failure("can't close ingest " + ref, e);
    } finally {
      unlock.run();
    }
  }
}
