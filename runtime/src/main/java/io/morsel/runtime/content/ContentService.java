package io.morsel.runtime.content;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.content.AbortRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.DeleteContentRequest;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.InfoResponse;
import io.morsel.containerd.api.content.ListContentRequest;
import io.morsel.containerd.api.content.ListContentResponse;
import io.morsel.containerd.api.content.ListStatusesRequest;
import io.morsel.containerd.api.content.ListStatusesResponse;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.ReadContentResponse;
import io.morsel.containerd.api.content.StatusRequest;
import io.morsel.containerd.api.content.StatusResponse;
import io.morsel.containerd.api.content.UpdateRequest;
import io.morsel.containerd.api.content.UpdateResponse;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.content.WriteContentResponse;
import io.morsel.containerd.api.events.ContentDelete;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.grpc.Outflow;
import io.morsel.runtime.store.Digests;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Times;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** {@code containerd.services.content.v1} over a {@link ContentStore}. */
public final class ContentService extends ContentGrpc.ContentImplBase {
  /** How much of a blob one message holds, as in containerd. */
  private static final int READ_BYTES = 1 << 20;

  private final ContentStore content;
  private final Exchange events;

  /** The service over {@code content}. */
  public ContentService(ContentStore content, Exchange events) {
    this.content = content;
    this.events = events;
  }

  @Override
  public void info(InfoRequest request, StreamObserver<InfoResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          requireDigest(request.getDigest());
          return InfoResponse.newBuilder()
              .setInfo(content.info(CallScope.required().namespace(), request.getDigest()))
              .build();
        });
  }

  @Override
  public void update(UpdateRequest request, StreamObserver<UpdateResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          requireDigest(request.getInfo().getDigest());
          return UpdateResponse.newBuilder()
              .setInfo(
                  content.update(
                      CallScope.required().namespace(),
                      request.getInfo(),
                      request.getUpdateMask().getPathsList()))
              .build();
        });
  }

  @Override
  public void list(ListContentRequest request, StreamObserver<ListContentResponse> observer) {
    Answers.batches(
        observer,
        () -> content.list(CallScope.required().namespace(), request.getFiltersList()),
        (java.util.List<Info> infos) -> ListContentResponse.newBuilder().addAllInfo(infos).build());
  }

  @Override
  public void delete(DeleteContentRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          Digests.problem(request.getDigest())
              .ifPresent(
                  problem -> {
                    throw Answers.status(Status.Code.INVALID_ARGUMENT, problem);
                  });
          Scope scope = CallScope.required();
          content.delete(scope, request.getDigest());
          events.publish(
              scope.namespace(),
              "/content/delete",
              ContentDelete.newBuilder().setDigest(request.getDigest()).build());
        });
  }

  @Override
  public void read(ReadContentRequest request, StreamObserver<ReadContentResponse> observer) {
    Answers.stream(observer, out -> read(request, out));
  }

  private void read(ReadContentRequest request, Outflow<ReadContentResponse> out)
      throws ContainerdException {
    String digest = request.getDigest();
    Digests.problem(digest)
        .ifPresent(
            problem -> {
              throw Answers.status(Status.Code.INVALID_ARGUMENT, digest + ": " + problem);
            });
    String namespace = CallScope.required().namespace();
    long size = content.info(namespace, digest).getSize();
    long from = Math.max(0, request.getOffset());
    if (from > size) {
      throw Answers.status(Status.Code.OUT_OF_RANGE, "read past object length " + size + " bytes");
    }
    boolean whole = request.getSize() <= 0 || request.getSize() > size - from;
    long end = whole ? size : from + request.getSize();
    try (FileChannel blob = content.open(namespace, digest)) {
      long position = from;
      while (position < end) {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(READ_BYTES, end - position));
        if (blob.read(buffer, position) < 0) {
          throw Answers.status(
              Status.Code.DATA_LOSS, "blob " + digest + " ends before " + size + " bytes");
        }
        ByteString data = UnsafeByteOperations.unsafeWrap(buffer.flip());
        out.send(ReadContentResponse.newBuilder().setOffset(position - from).setData(data).build());
        position += data.size();
      }
    } catch (IOException e) {
      throw ContentStore.failure("can't read blob " + digest, e);
    }
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          try {
            return StatusResponse.newBuilder()
                .setStatus(wire(content.status(CallScope.required().namespace(), request.getRef())))
                .build();
          } catch (ContainerdException e) {
            throw e.during("could not get status for ref " + GoText.quote(request.getRef()));
          }
        });
  }

  @Override
  public void listStatuses(
      ListStatusesRequest request, StreamObserver<ListStatusesResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          ListStatusesResponse.Builder answer = ListStatusesResponse.newBuilder();
          content
              .statuses(CallScope.required().namespace(), request.getFiltersList())
              .forEach(status -> answer.addStatuses(wire(status)));
          return answer.build();
        });
  }

  private static io.morsel.containerd.api.content.Status wire(IngestStatus status) {
    return io.morsel.containerd.api.content.Status.newBuilder()
        .setRef(status.ref())
        .setOffset(status.offsetBytes())
        .setTotal(status.totalBytes())
        .setStartedAt(Times.wire(status.started()))
        .setUpdatedAt(Times.wire(status.updated()))
        .build();
  }

  @Override
  public StreamObserver<WriteContentRequest> write(StreamObserver<WriteContentResponse> observer) {
    return new WriteCall(content, observer);
  }

  @Override
  public void abort(AbortRequest request, StreamObserver<Empty> observer) {
    Answers.empty(observer, () -> content.abort(CallScope.required(), request.getRef()));
  }

  private static void requireDigest(String digest) {
    if (Digests.problem(digest).isPresent()) {
      throw Answers.status(
          Status.Code.INVALID_ARGUMENT, GoText.quote(digest) + " failed validation");
    }
  }
}
