package io.morsel.cli.core;

import com.google.protobuf.ByteString;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.ReadContentResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.Optional;

/** Reads blobs of a core's content store. Safe for use by many threads. */
public final class ContentReader {
  /** More than any manifest or configuration may have. */
  public static final int MAX_DOCUMENT_BYTES = 16 << 20;

  private final CoreClient client;

  /** The content of the client's namespace. */
  public ContentReader(CoreClient client) {
    this.client = client;
  }

  /** What is known of a blob; empty where it is not there. */
  public Optional<Info> info(String digest) throws StatusException {
    try {
      return Optional.of(
          client.content().info(InfoRequest.newBuilder().setDigest(digest).build()).getInfo());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /** A small blob; empty where it is not there. */
  public Optional<byte[]> document(String digest) throws IOException, StatusException {
    Optional<Info> info = info(digest);
    if (info.isEmpty()) {
      return Optional.empty();
    }
    if (info.get().getSize() > MAX_DOCUMENT_BYTES) {
      throw new IOException(
          digest + " has " + info.get().getSize() + " bytes, more than a document may have");
    }
    try (InputStream in = open(digest)) {
      return Optional.of(in.readAllBytes());
    }
  }

  /** A blob's bytes; that it is not there is seen by who reads. */
  public InputStream open(String digest) {
    return new Blob(
        digest,
        ContentGrpc.newBlockingV2Stub(client.channel())
            .read(ReadContentRequest.newBuilder().setDigest(digest).build()));
  }

  /** A blob as it comes. */
  private static final class Blob extends InputStream {
    private final String digest;
    private final BlockingClientCall<?, ReadContentResponse> call;
    private ByteString data = ByteString.EMPTY;
    private int position;
    private boolean ended;

    Blob(String digest, BlockingClientCall<?, ReadContentResponse> call) {
      this.digest = digest;
      this.call = call;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      while (length > 0 && !ended && position == data.size()) {
        next();
      }
      if (length == 0 || position == data.size()) {
        return length == 0 ? 0 : -1;
      }
      int count = Math.min(length, data.size() - position);
      data.substring(position, position + count).copyTo(bytes, offset);
      position += count;
      return count;
    }

    private void next() throws IOException {
      try {
        ReadContentResponse response = call.read();
        ended = response == null;
        data = response == null ? ByteString.EMPTY : response.getData();
        position = 0;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw (IOException) new InterruptedIOException("interrupted").initCause(e);
      } catch (StatusException failure) {
        throw new IOException("can't read " + digest + ": " + CoreClient.message(failure), failure);
      }
    }

    @Override
    public void close() {
      if (!ended) {
        call.cancel("not read to its end", null);
      }
    }
  }
}
