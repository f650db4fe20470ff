package io.morsel.runtime.streaming;

import com.google.protobuf.Any;
import io.grpc.stub.ServerCallStreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Messages both ways between a client that opened a stream and whoever in the core was given its
 * name. It holds one message at most that nobody has taken, and sending waits until the client
 * takes more, so that neither side can fill the other's memory. Safe for use by many threads.
 */
public final class MessageStream implements AutoCloseable {
  private final ServerCallStreamObserver<Any> call;
  private final Deque<Any> received = new ArrayDeque<>();
  private boolean asked;
  private boolean ended;
  private boolean closed;
  private boolean lost;
  private Runnable forget = () -> {};

  /** To be made while the call's method runs: afterwards gRPC takes no handlers. */
  MessageStream(ServerCallStreamObserver<Any> call) {
    this.call = call;
    call.setOnReadyHandler(this::wake);
    call.setOnCancelHandler(this::lost);
  }

  private synchronized void wake() {
    notifyAll();
  }

  /** What the registration of a stream does. */
  @FunctionalInterface
  interface Registration {
    /** Makes the stream known; returns what makes it forgotten. */
    Runnable add() throws ContainerdException;
  }

  /** Makes the stream known and says so to the client, before anything else is sent. */
  synchronized void open(Registration registration, Any answer) throws ContainerdException {
    if (call.isCancelled()) {
      return;
    }
    forget = registration.add();
    // Not waited for: it is the first message, and the thread may be the one that says that there
    // is room.
    call.onNext(answer);
  }

  /**
   * Sends a message when the client takes it.
   *
   * @throws ContainerdException of class CANCELED where the stream has ended or the thread was
   *     interrupted
   */
  public synchronized void send(Any message) throws ContainerdException {
    while (!call.isReady() && !isOver()) {
      await();
    }
    if (isOver()) {
      throw new ContainerdException(ErrorClass.CANCELED, "the stream is closed");
    }
    call.onNext(message);
  }

  /**
   * Waits for the next message of the client.
   *
   * @return null where it sends no more
   * @throws ContainerdException of class CANCELED where the client gave the stream up, so that
   *     something may be missing, or the thread was interrupted
   */
  public synchronized @Nullable Any receive() throws ContainerdException {
    while (received.isEmpty() && !ended && !isOver()) {
      if (!asked) {
        asked = true;
        call.request(1);
      }
      await();
    }
    if (received.isEmpty() && lost) {
      throw new ContainerdException(ErrorClass.CANCELED, "the client gave up the stream");
    }
    return received.poll();
  }

  private boolean isOver() {
    return closed || call.isCancelled();
  }

  private void await() throws ContainerdException {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.CANCELED, "waiting for a stream", e);
    }
  }

  /** The client has sent a message. */
  synchronized void add(Any message) {
    asked = false;
    received.add(message);
    notifyAll();
  }

  /** The client sends no more. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** The client is gone. */
  private void lost() {
    Runnable cleanup;
    synchronized (this) {
      lost = !closed;
      closed = true;
      cleanup = forget;
      notifyAll();
    }
    cleanup.run();
  }

  /** Ends the stream in good order. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      if (isOver()) {
        return;
      }
      closed = true;
      call.onCompleted();
      notifyAll();
    }
    forget.run();
  }
}
