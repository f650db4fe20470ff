package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.Info;
import io.morsel.registry.Descriptor;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.content.ContentWriter;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.runtime.store.Scope;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The content of a namespace, as a transfer reads and writes it. Safe for use by many threads.
 *
 * @param content the content of all namespaces
 * @param scope the namespace, and the lease that holds what is written
 */
record Blobs(ContentStore content, Scope scope) {
  /** As large as manifests may be, and configurations as well. */
  private static final int MAX_DOCUMENT_BYTES = 16 << 20;

  private static final int COPY_BYTES = 1 << 20;

  /** How long another writer of the same blob is waited for. */
  private static final Duration LOCK_WAIT = Duration.ofMinutes(10);

  /** Opens a blob's bytes from an offset on. */
  @FunctionalInterface
  interface Opener {
    /** Opens everything from {@code offsetBytes} to the blob's end. */
    InputStream open(long offsetBytes) throws IOException;
  }

  /** What a blob is called while it is written: containerd's clients agree on it. */
  static String name(String kind, Descriptor blob) {
    return kind + "-" + blob.digest();
  }

  /** Whether the namespace has a blob. */
  boolean has(Descriptor blob) throws ContainerdException {
    return info(blob) != null;
  }

  /** The size of a blob that the namespace has. */
  long sizeBytes(Descriptor blob) throws ContainerdException {
    return content.info(scope.namespace(), blob.digest().toString()).getSize();
  }

  /** The labels of a blob; none where it is not there. */
  Map<String, String> labels(Descriptor blob) throws ContainerdException {
    Info info = info(blob);
    return info == null ? Map.of() : info.getLabelsMap();
  }

  private @Nullable Info info(Descriptor blob) throws ContainerdException {
    try {
      return content.info(scope.namespace(), blob.digest().toString());
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  /** Opens a blob that the namespace has. */
  InputStream open(Descriptor blob) throws ContainerdException {
    return Channels.newInputStream(content.open(scope.namespace(), blob.digest().toString()));
  }

  /** A manifest, an index or a configuration that the namespace has. */
  VerifiedContent document(Descriptor blob) throws ContainerdException {
    try (InputStream in = open(blob)) {
      byte[] bytes = in.readNBytes(MAX_DOCUMENT_BYTES + 1);
      // What a client says of an image's target is not always its size.
      Descriptor actual =
          new Descriptor(
              blob.mediaType(),
              blob.digest(),
              bytes.length,
              blob.annotations(),
              blob.platform(),
              blob.urls());
      if (bytes.length > MAX_DOCUMENT_BYTES) {
        throw new ContainerdException(
            ErrorClass.FAILED_PRECONDITION,
            "content " + blob.digest() + " is larger than 16 MiB, which no manifest is");
      }
      return VerifiedContent.check(actual, bytes, "content " + blob.digest());
    } catch (IOException e) {
      throw Failures.of(e);
    }
  }

  /**
   * Makes sure that the namespace has a blob, with these labels. What an earlier writer left
   * unfinished is gone on with; a blob that somebody else writes is waited for.
   *
   * @param kind {@code layer}, {@code config}, {@code manifest} or {@code index}
   * @param written told how many bytes of the blob are there
   * @return whether bytes had to be written
   * @throws ContainerdException of class FAILED_PRECONDITION where the bytes have not the digest
   */
  boolean ensure(
      String kind, Descriptor blob, Map<String, String> labels, Opener opener, LongConsumer written)
      throws IOException, ContainerdException {
    String ref = name(kind, blob);
    long until = System.nanoTime() + LOCK_WAIT.toNanos();
    while (true) {
      try {
        write(ref, blob, labels, opener, written);
        return true;
      } catch (ContainerdException failure) {
        switch (failure.errorClass()) {
          case ALREADY_EXISTS -> {
            written.accept(blob.sizeBytes());
            addLabels(blob, labels);
            return false;
          }
          case UNAVAILABLE -> {
            // The store has waited for the other writer already.
            if (System.nanoTime() - until > 0) {
              throw failure;
            }
          }
          case FAILED_PRECONDITION -> {
            abort(ref);
            throw failure;
          }
          default -> throw failure;
        }
      }
    }
  }

  private void write(
      String ref, Descriptor blob, Map<String, String> labels, Opener opener, LongConsumer written)
      throws IOException, ContainerdException {
    long size = blob.sizeBytes();
    try (ContentWriter writer = content.writer(scope, ref, size, blob.digest().toString())) {
      if (writer.offsetBytes() > size) {
        writer.truncate();
      }
      long offset = writer.offsetBytes();
      written.accept(offset);
      if (offset < size) {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(COPY_BYTES, size - offset));
        try (InputStream in = opener.open(offset)) {
          while (offset < size) {
            int count =
                in.readNBytes(buffer.array(), 0, (int) Math.min(buffer.capacity(), size - offset));
            if (count == 0) {
              throw new EOFException(
                  "blob " + blob.digest() + " ended after " + offset + " of " + size + " bytes");
            }
            writer.write(buffer.clear().limit(count));
            offset += count;
            written.accept(offset);
          }
        }
      }
      writer.commit(size, blob.digest().toString(), labels);
    }
  }

  /** What is there does not have the digest: going on with it would fail for ever. */
  private void abort(String ref) throws ContainerdException {
    try {
      content.abort(scope, ref);
    } catch (ContainerdException e) {
      if (e.errorClass() != ErrorClass.NOT_FOUND) {
        throw e;
      }
    }
  }

  /** Adds labels to a blob that is there; sources are joined with those that it has. */
  void addLabels(Descriptor blob, Map<String, String> labels) throws ContainerdException {
    String digest = blob.digest().toString();
    Map<String, String> changes =
        ImageLabels.changes(content.info(scope.namespace(), digest).getLabelsMap(), labels);
    if (!changes.isEmpty()) {
      var _ =
          content.update(
              scope.namespace(),
              Info.newBuilder().setDigest(digest).putAllLabels(changes).build(),
              changes.keySet().stream().map(key -> "labels." + key).toList());
    }
  }
}
