package io.morsel.runtime.content;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.WriteAction;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.store.Digests;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Times;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of the method {@code Write}: messages come one after the other, each is answered. The
 * first one opens the write, and the end of the call, however it comes, closes it.
 */
final class WriteCall implements StreamObserver<WriteContentRequest> {
  private static final Logger log = LoggerFactory.getLogger(WriteCall.class);

  private final ContentStore store;
  private final StreamObserver<WriteContentResponse> answers;
  private @Nullable Scope scope;
  private @Nullable ContentWriter writer;
  private String ref = "";
  private long total;
  private String expected = "";
  private boolean done;

  WriteCall(ContentStore store, StreamObserver<WriteContentResponse> answers) {
    this.store = store;
    this.answers = answers;
  }

  @Override
  public void onNext(WriteContentRequest request) {
    if (done) {
      return;
    }
    try {
      WriteContentResponse answer = answer(request);
      answers.onNext(answer);
      if (request.getAction() == WriteAction.COMMIT) {
        end();
        answers.onCompleted();
      }
    } catch (ContainerdException | RuntimeException e) {
      end();
      answers.onError(Answers.failure(e));
    }
  }

  private WriteContentResponse answer(WriteContentRequest request) throws ContainerdException {
    Scope caller = scope == null ? CallScope.required() : scope;
    ContentWriter open = writer;
    if (open == null) {
      open = open(caller, request);
      scope = caller;
      writer = open;
    }
    IngestStatus status = open.status();
    if (!request.getExpected().isEmpty()) {
      expect(caller, open, request.getExpected());
    }
    if (request.getTotal() > 0) {
      total = request.getTotal();
    }
    WriteContentResponse.Builder answer =
        WriteContentResponse.newBuilder().setAction(request.getAction());
    if (request.getAction() == WriteAction.STAT) {
      return answer
          .setOffset(status.offsetBytes())
          .setDigest(open.digest())
          .setStartedAt(Times.wire(status.started()))
          .setUpdatedAt(Times.wire(status.updated()))
          .setTotal(total)
          .build();
    }
    if (request.getOffset() > 0 && request.getOffset() != status.offsetBytes()) {
      throw Answers.status(
          Status.Code.OUT_OF_RANGE,
          "write @"
              + request.getOffset()
              + " must occur at current offset "
              + status.offsetBytes());
    }
    if (request.getOffset() == 0 && status.offsetBytes() > 0) {
      open.truncate();
    }
    open.write(request.getData().asReadOnlyByteBuffer());
    answer.setOffset(open.offsetBytes());
    String digest = open.digest();
    if (request.getAction() == WriteAction.COMMIT) {
      open.commit(total, expected, request.getLabelsMap());
    }
    return answer.setDigest(digest).build();
  }

  private ContentWriter open(Scope caller, WriteContentRequest request) throws ContainerdException {
    if (request.getRef().isEmpty()) {
      throw Answers.status(Status.Code.INVALID_ARGUMENT, "first message must have a reference");
    }
    ref = request.getRef();
    total = request.getTotal();
    expected = request.getExpected();
    requireDigest(expected);
    return store.writer(caller, ref, total, expected);
  }

  /** A blob that came meanwhile makes the write needless. */
  private void expect(Scope caller, ContentWriter open, String digest) throws ContainerdException {
    requireDigest(digest);
    expected = digest;
    try {
      var _ = store.info(caller.namespace(), digest);
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return;
      }
      throw e;
    }
    open.close();
    store.abort(caller, ref);
    throw Answers.status(
        Status.Code.ALREADY_EXISTS, "blob with expected digest " + digest + " exists");
  }

  private static void requireDigest(String digest) throws ContainerdException {
    if (!digest.isEmpty()) {
      String problem = Digests.problem(digest).orElse("");
      if (!problem.isEmpty()) {
        throw new ContainerdException(
            ErrorClass.INVALID_ARGUMENT, "expected digest " + digest + ": " + problem);
      }
    }
  }

  @Override
  public void onError(Throwable cause) {
    end();
  }

  @Override
  public void onCompleted() {
    if (!done) {
      end();
      answers.onCompleted();
    }
  }

  private void end() {
    done = true;
    try {
      if (writer != null) {
        writer.close();
      }
    } catch (ContainerdException e) {
      log.warn("{}", e.getMessage());
    }
  }
}
