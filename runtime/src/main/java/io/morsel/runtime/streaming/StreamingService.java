package io.morsel.runtime.streaming;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.streaming.StreamInit;
import io.morsel.containerd.api.streaming.StreamingGrpc;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.grpc.TypeUrls;

/**
 * {@code containerd.services.streaming.v1}: the first message names the stream and is answered with
 * an empty one, by which the client knows that it can use the name in another call.
 */
public final class StreamingService extends StreamingGrpc.StreamingImplBase {
  private final Streams streams;

  /** The service that makes streams known in {@code streams}. */
  public StreamingService(Streams streams) {
    this.streams = streams;
  }

  @Override
  public StreamObserver<Any> stream(StreamObserver<Any> answers) {
    ServerCallStreamObserver<Any> call = (ServerCallStreamObserver<Any>) answers;
    call.disableAutoRequest();
    MessageStream stream = new MessageStream(call);
    call.request(1);
    return new StreamObserver<>() {
      private boolean failed;
      private boolean opened;

      @Override
      public void onNext(Any message) {
        if (opened) {
          stream.add(message);
        } else if (!failed) {
          try {
            open(stream, message);
            opened = true;
          } catch (ContainerdException | RuntimeException e) {
            failed = true;
            call.onError(Answers.failure(e));
          }
        }
      }

      @Override
      public void onError(Throwable cause) {
        stream.end();
      }

      @Override
      public void onCompleted() {
        if (opened) {
          stream.end();
        } else if (!failed) {
          call.onError(
              new ContainerdException(
                      ErrorClass.INVALID_ARGUMENT, "the stream ended before it was named")
                  .toStatus());
        }
      }
    };
  }

  private void open(MessageStream stream, Any message) throws ContainerdException {
    String namespace = CallScope.required().namespace();
    if (!TypeUrls.is(message, StreamInit.getDefaultInstance())) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "the first message of a stream is a "
              + StreamInit.getDescriptor().getFullName()
              + ", not a "
              + TypeUrls.name(message));
    }
    String id = TypeUrls.unpack(message, StreamInit.parser()).getId();
    if (id.isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "a stream needs an id");
    }
    stream.open(
        () -> {
          streams.add(namespace, id, stream);
          return () -> streams.remove(namespace, id, stream);
        },
        TypeUrls.pack(Empty.getDefaultInstance()));
  }
}
