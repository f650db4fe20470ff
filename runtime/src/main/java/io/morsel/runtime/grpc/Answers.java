package io.morsel.runtime.grpc;

import com.google.protobuf.Empty;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How calls are answered, and failures told with containerd's classes of errors. */
public final class Answers {
  /** How many objects one message of a list holds, as in containerd. */
  private static final int LIST_BATCH = 100;

  private static final Logger log = LoggerFactory.getLogger(Answers.class);

  /** Computes the answer of a call. */
  @FunctionalInterface
  public interface Call<A> {
    /** The answer, or a failure that the client is told. */
    A run() throws ContainerdException;
  }

  /** What a call does that answers with nothing. */
  @FunctionalInterface
  public interface Action {
    /** Does it, or fails in a way that the client is told. */
    void run() throws ContainerdException;
  }

  /** Sends the messages of a stream. */
  @FunctionalInterface
  public interface Stream<A> {
    /** Sends them; returns when there are no more. */
    void run(Outflow<A> out) throws ContainerdException;
  }

  private Answers() {}

  /** Answers with one message. */
  public static <A> void unary(StreamObserver<A> observer, Call<A> call) {
    A answer;
    try {
      answer = call.run();
    } catch (ContainerdException | RuntimeException e) {
      observer.onError(failure(e));
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  /** Answers with an empty message. */
  public static void empty(StreamObserver<Empty> observer, Action action) {
    unary(
        observer,
        () -> {
          action.run();
          return Empty.getDefaultInstance();
        });
  }

  /**
   * Answers with a stream of messages, which {@code stream} sends from a thread of its own, in the
   * same gRPC context: the call's own has to stay free to hear that the client gave up.
   */
  public static <A> void stream(StreamObserver<A> observer, Stream<A> stream) {
    Outflow<A> out = new Outflow<>((ServerCallStreamObserver<A>) observer);
    Runnable sender =
        Context.current()
            .wrap(
                () -> {
                  try {
                    stream.run(out);
                    out.complete();
                  } catch (ContainerdException | RuntimeException e) {
                    out.fail(failure(e));
                  }
                });
    Thread.ofVirtual().name("grpc-stream").start(sender);
  }

  /** Answers with a list, so many objects a message as containerd does; none for an empty list. */
  public static <T, A> void batches(
      StreamObserver<A> observer, Call<List<T>> list, Function<List<T>, A> message) {
    stream(
        observer,
        out -> {
          List<T> all = list.run();
          for (int from = 0; from < all.size(); from += LIST_BATCH) {
            out.send(message.apply(all.subList(from, Math.min(from + LIST_BATCH, all.size()))));
          }
        });
  }

  /**
   * Runs what containerd does not classify the failures of: they keep their words, and travel with
   * the status UNKNOWN.
   */
  public static <A> A unclassified(Call<A> call) throws ContainerdException {
    try {
      return call.run();
    } catch (ContainerdException e) {
      throw status(Status.Code.UNKNOWN, String.valueOf(e.getMessage()));
    }
  }

  /** How a failure travels; one that no service foresaw is logged. */
  public static StatusRuntimeException failure(Exception failure) {
    return switch (failure) {
      case ContainerdException known -> known.toStatus();
      case StatusRuntimeException status -> status;
      default -> {
        log.error("a call failed unexpectedly", failure);
        yield Status.INTERNAL
            .withDescription("unexpected failure, see Morsel's log: " + failure)
            .asRuntimeException();
      }
    };
  }

  /** A failure with a status that none of containerd's classes carries, or without their words. */
  public static StatusRuntimeException status(Status.Code code, String message) {
    return code.toStatus().withDescription(message).asRuntimeException();
  }
}
