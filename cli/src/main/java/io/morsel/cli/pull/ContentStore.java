package io.morsel.cli.pull;

import com.google.protobuf.FieldMask;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.morsel.cli.core.CoreClient;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.AbortRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.UpdateRequest;
import io.morsel.containerd.api.content.WriteAction;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import io.morsel.registry.Descriptor;
import io.morsel.runtime.image.ImageLabels;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** containerd's content store, as a client writes to it. Safe for use by many threads. */
final class ContentStore {
  /** Well under the 16 MiB that containerd accepts as one message. */
  private static final int WRITE_BYTES = 1 << 20;

  private static final int CALL_SECONDS = 30;
  private static final Duration LOCK_WAIT = Duration.ofMinutes(10);
  private static final long LOCK_POLL_MILLIS = 200;

  private final ContentGrpc.ContentBlockingV2Stub content;

  ContentStore(Containerd containerd) {
    this.content = ContentGrpc.newBlockingV2Stub(containerd.channel());
  }

  /** Opens a blob's bytes from an offset on. */
  @FunctionalInterface
  interface BlobOpener {
    /** Opens everything from {@code offsetBytes} to the blob's end. */
    InputStream open(long offsetBytes) throws IOException;
  }

  /**
   * Makes sure that the content store has a blob, with these labels. What an earlier writer left
   * unfinished is gone on with; a blob that another client is writing is waited for.
   *
   * @param kind {@code layer}, {@code config}, {@code manifest} or {@code index}: containerd's
   *     clients name what they write so, and by that two of them don't fetch the same twice
   * @param written told how many bytes of the blob are there
   * @return whether bytes had to be written
   * @throws IOException if the bytes can't be read
   * @throws StatusException if containerd refuses them
   */
  boolean ensure(
      String kind,
      Descriptor blob,
      Map<String, String> labels,
      BlobOpener opener,
      LongConsumer written)
      throws IOException, StatusException, InterruptedException {
    String ref = kind + "-" + blob.digest();
    long until = System.nanoTime() + LOCK_WAIT.toNanos();
    while (true) {
      try {
        write(ref, blob, labels, opener, written);
        return true;
      } catch (StatusException failure) {
        if (CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
          written.accept(blob.sizeBytes());
          addLabels(blob, labels);
          return false;
        }
        boolean locked =
            CoreClient.is(failure, ErrorClass.UNAVAILABLE)
                && CoreClient.message(failure).contains("locked");
        if (!locked || System.nanoTime() - until > 0) {
          throw failure;
        }
        TimeUnit.MILLISECONDS.sleep(LOCK_POLL_MILLIS);
      }
    }
  }

  private void write(
      String ref,
      Descriptor blob,
      Map<String, String> labels,
      BlobOpener opener,
      LongConsumer written)
      throws IOException, StatusException, InterruptedException {
    WriteContentRequest head =
        WriteContentRequest.newBuilder()
            .setRef(ref)
            .setTotal(blob.sizeBytes())
            .setExpected(blob.digest().toString())
            .build();
    BlockingClientCall<WriteContentRequest, WriteContentResponse> call = content.write();
    boolean committed = false;
    try {
      long offset =
          exchange(call, head.toBuilder().setAction(WriteAction.STAT).build()).getOffset();
      written.accept(offset);
      if (offset < blob.sizeBytes()) {
        try (InputStream in = opener.open(offset)) {
          copy(in, call, head, offset, blob.sizeBytes(), written);
        }
      }
      var _ =
          exchange(
              call,
              head.toBuilder()
                  .setAction(WriteAction.COMMIT)
                  .setOffset(blob.sizeBytes())
                  .putAllLabels(labels)
                  .build());
      committed = true;
      call.halfClose();
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.FAILED_PRECONDITION)) {
        // What is there does not have the digest: going on with it would fail for ever.
        abort(ref);
      }
      throw failure;
    } finally {
      if (!committed) {
        call.cancel("not committed", null);
      }
    }
  }

  private static void copy(
      InputStream in,
      BlockingClientCall<WriteContentRequest, WriteContentResponse> call,
      WriteContentRequest head,
      long start,
      long end,
      LongConsumer written)
      throws IOException, StatusException, InterruptedException {
    long offset = start;
    while (offset < end) {
      // A message keeps its bytes: each gets an array of its own.
      byte[] bytes = in.readNBytes((int) Math.min(WRITE_BYTES, end - offset));
      if (bytes.length == 0) {
        throw new EOFException("the blob ended after " + offset + " of " + end + " bytes");
      }
      offset =
          exchange(
                  call,
                  head.toBuilder()
                      .setAction(WriteAction.WRITE)
                      .setOffset(offset)
                      .setData(UnsafeByteOperations.unsafeWrap(bytes))
                      .build())
              .getOffset();
      written.accept(offset);
    }
  }

  private static WriteContentResponse exchange(
      BlockingClientCall<WriteContentRequest, WriteContentResponse> call,
      WriteContentRequest request)
      throws IOException, StatusException, InterruptedException {
    // Where the call is over already, reading says why.
    call.write(request);
    WriteContentResponse response = call.read();
    if (response == null) {
      throw new EOFException("containerd ended the writing of " + request.getExpected());
    }
    return response;
  }

  private void abort(String ref) {
    try {
      var _ =
          content
              .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
              .abort(AbortRequest.newBuilder().setRef(ref).build());
    } catch (StatusException ignored) {
      // It may be gone already; the failure that led here is the one to tell.
    }
  }

  /** Adds labels to a blob that is there; sources are joined with those that it has. */
  void addLabels(Descriptor blob, Map<String, String> labels) throws StatusException {
    if (labels.isEmpty()) {
      return;
    }
    String digest = blob.digest().toString();
    ContentGrpc.ContentBlockingV2Stub stub =
        content.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
    Map<String, String> present =
        stub.info(InfoRequest.newBuilder().setDigest(digest).build()).getInfo().getLabelsMap();
    Map<String, String> changed = ImageLabels.changes(present, labels);
    if (changed.isEmpty()) {
      return;
    }
    FieldMask.Builder mask = FieldMask.newBuilder();
    changed.keySet().forEach(key -> mask.addPaths("labels." + key));
    var _ =
        stub.update(
            UpdateRequest.newBuilder()
                .setInfo(Info.newBuilder().setDigest(digest).putAllLabels(changed))
                .setUpdateMask(mask)
                .build());
  }
}
