package io.morsel.runtime.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages of a stream to a client: sending waits until the client takes more, so that a slow
 * one costs no memory. One thread sends.
 *
 * @param <A> the message
 */
public final class Outflow<A> {
  private static final Logger log = LoggerFactory.getLogger(Outflow.class);

  private final ServerCallStreamObserver<A> observer;
  private final List<Runnable> onCancel = new ArrayList<>();

  /** To be made while the call's method runs: afterwards gRPC takes no handlers. */
  Outflow(ServerCallStreamObserver<A> observer) {
    this.observer = observer;
    observer.setOnReadyHandler(this::wake);
    observer.setOnCancelHandler(this::cancelled);
  }

  private synchronized void wake() {
    notifyAll();
  }

  private void cancelled() {
    List<Runnable> hooks;
    synchronized (this) {
      notifyAll();
      hooks = List.copyOf(onCancel);
    }
    hooks.forEach(Runnable::run);
  }

  /** Has {@code hook} run when the client gives up, at once where it has already. */
  public void onCancel(Runnable hook) {
    boolean late;
    synchronized (this) {
      late = observer.isCancelled();
      onCancel.add(hook);
    }
    if (late) {
      hook.run();
    }
  }

  /**
   * Sends a message when the client takes it.
   *
   * @throws StatusRuntimeException with CANCELLED where the client has given up
   */
  public void send(A message) {
    synchronized (this) {
      while (!observer.isReady() && !observer.isCancelled()) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw Answers.status(Status.Code.CANCELLED, "interrupted");
        }
      }
    }
    if (observer.isCancelled()) {
      throw Answers.status(Status.Code.CANCELLED, "the client gave up");
    }
    observer.onNext(message);
  }

  void complete() {
    end(observer::onCompleted);
  }

  void fail(StatusRuntimeException failure) {
    end(() -> observer.onError(failure));
  }

  private void end(Runnable last) {
    if (!observer.isCancelled()) {
      try {
        last.run();
      } catch (IllegalStateException | RejectedExecutionException e) {
        // The connection has ended, or the server, in this moment.
        log.debug("a stream ended before its end could be told: {}", e.toString());
      }
    }
  }
}
