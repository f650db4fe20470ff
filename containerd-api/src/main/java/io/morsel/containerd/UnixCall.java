package io.morsel.containerd;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC call over HTTP/2, as gRPC's "PROTOCOL-HTTP2" has it. Messages are not compressed.
 *
 * <p>The listener is called by one thread at a time, on the call's executor. What comes faster than
 * the listener asks for stays in the stream's window.
 */
final class UnixCall<Q, A> extends ClientCall<Q, A> implements Http2Stream.Receiver {
  private static final int ATTEMPTS = 3;

  private final UnixChannel.Connector connector;
  private final MethodDescriptor<Q, A> method;
  private final CallOptions options;
  private final Executor executor;
  private final Context context = Context.current();
  private final Context.CancellationListener cancellation = this::contextCancelled;
  private @Nullable Http2Connection connection;
  private @Nullable Http2Stream stream;
  private volatile @Nullable Deadline deadline;

  // Guarded by this.
  private final Inflow inflow = new Inflow();
  private @Nullable Listener<A> listener;
  private @Nullable Metadata headers;
  private boolean headersSeen;
  private int requested;
  private boolean writable;
  private @Nullable Status status;
  private Metadata trailers = new Metadata();
  private boolean abandoned;
  private boolean running;
  private boolean closed;

  UnixCall(
      UnixChannel.Connector connector,
      MethodDescriptor<Q, A> method,
      CallOptions options,
      Executor executor) {
    this.connector = connector;
    this.method = method;
    this.options = options;
    this.executor = executor;
  }

  // --- what the caller does ----------------------------------------------------------------------

  @Override
  public void start(Listener<A> responseListener, Metadata sent) {
    synchronized (this) {
      listener = responseListener;
      writable = !method.getType().clientSendsOneMessage();
    }
    Deadline limit = earlier(options.getDeadline(), context.getDeadline());
    deadline = limit;
    long left = limit == null ? 0 : limit.timeRemaining(TimeUnit.NANOSECONDS);
    if (limit != null && left <= 0) {
      failed(Status.DEADLINE_EXCEEDED.withDescription("its deadline had passed before it began"));
      return;
    }
    byte[] block = CallHead.encode(method, options, sent, limit == null ? null : left);
    try {
      Long until = limit == null ? null : System.nanoTime() + left;
      boolean hold = method.getType().clientSendsOneMessage();
      for (int i = 0; i < ATTEMPTS && stream == null; i++) {
        // It may end between the two.
        connection = connector.connection();
        stream = connection.start(block, this, until, hold);
      }
      if (stream == null) {
        failed(Status.UNAVAILABLE.withDescription("the server ends its connections at once"));
        return;
      }
    } catch (IOException e) {
      failed(Status.UNAVAILABLE.withDescription(e.getMessage()).withCause(e));
      return;
    }
    context.addListener(cancellation, Runnable::run);
    schedule();
  }

  private static @Nullable Deadline earlier(@Nullable Deadline one, @Nullable Deadline other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.minimum(other);
  }

  private void contextCancelled(Context cancelled) {
    Throwable cause = cancelled.cancellationCause();
    cancel("the caller's context was cancelled", cause);
  }

  @Override
  public void request(int messages) {
    synchronized (this) {
      requested = (int) Math.min(Integer.MAX_VALUE, (long) requested + messages);
    }
    schedule();
  }

  @Override
  public void sendMessage(Q message) {
    if (connection == null || stream == null) {
      return;
    }
    ByteBuffer framed;
    try (InputStream bytes = method.streamRequest(message)) {
      framed = CallMessage.frame(bytes);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "can't write a request of " + method.getFullMethodName(), e);
    }
    // The end follows at once where there is but one.
    connection.send(stream, framed, method.getType().clientSendsOneMessage());
  }

  @Override
  public void halfClose() {
    if (connection != null && stream != null) {
      connection.endSending(stream);
    }
  }

  @Override
  public void cancel(@Nullable String message, @Nullable Throwable cause) {
    abandon(Status.CANCELLED.withDescription(message).withCause(cause));
  }

  private void abandon(Status why) {
    synchronized (this) {
      if (status != null && abandoned) {
        return;
      }
      abandoned = true;
      status = why;
      trailers = new Metadata();
      inflow.clear();
    }
    if (connection != null && stream != null) {
      connection.cancel(stream);
    }
    schedule();
  }

  @Override
  public boolean isReady() {
    return connection != null && stream != null && connection.isReady(stream);
  }

  // --- what the connection tells -----------------------------------------------------------------

  @Override
  public void headers(List<Hpack.Header> received, boolean last) {
    synchronized (this) {
      if (status != null) {
        return;
      }
      if (last) {
        trailers = CallHead.metadata(received);
        status = orLate(CallHead.status(received));
      } else if (CallHead.isInformational(received)) {
        return;
      } else if (!CallHead.isGrpc(received)) {
        status = CallHead.status(received);
      } else {
        headers = CallHead.metadata(received);
      }
    }
    schedule();
  }

  @Override
  public void data(ByteBuffer piece, boolean last) {
    synchronized (this) {
      if (status != null) {
        return;
      }
      inflow.add(piece);
      if (last) {
        status = Status.INTERNAL.withDescription("the server ended the call without a status");
      }
    }
    schedule();
  }

  @Override
  public void writable() {
    synchronized (this) {
      writable = !method.getType().clientSendsOneMessage();
    }
    schedule();
  }

  @Override
  public void failed(Status why) {
    synchronized (this) {
      if (status == null) {
        status = orLate(why);
        abandoned = true;
        inflow.clear();
      }
    }
    schedule();
  }

  /** A server that finds a call late only cancels it, and may do so before this side sees it. */
  private Status orLate(Status told) {
    Deadline limit = deadline;
    boolean late = told.getCode() == Status.Code.CANCELLED && limit != null && limit.isExpired();
    return late ? Http2Connection.LATE : told;
  }

  // --- what the listener is told -----------------------------------------------------------------

  private void schedule() {
    synchronized (this) {
      if (running || closed || listener == null) {
        return;
      }
      running = true;
    }
    try {
      executor.execute(this::deliver);
    } catch (RejectedExecutionException nobodyWaits) {
      synchronized (this) {
        running = false;
        closed = true;
      }
    }
  }

  private void deliver() {
    Context previous = context.attach();
    try {
      Runnable next = next();
      while (next != null) {
        next.run();
        next = next();
      }
    } catch (RuntimeException | Error failure) {
      synchronized (this) {
        running = false;
      }
      abandon(
          Status.CANCELLED.withDescription("the caller failed on an answer").withCause(failure));
    } finally {
      context.detach(previous);
    }
  }

  private synchronized @Nullable Runnable next() {
    Listener<A> told = listener;
    if (closed || told == null) {
      return null;
    }
    if (headers != null && !headersSeen && !abandoned) {
      headersSeen = true;
      Metadata received = headers;
      return () -> told.onHeaders(received);
    }
    if (writable && status == null) {
      writable = false;
      return told::onReady;
    }
    try {
      if (requested > 0) {
        byte[] message = inflow.next();
        if (message != null) {
          requested--;
          return () -> answer(told, message);
        }
      }
      if (status != null && (abandoned || !inflow.hasMessage())) {
        return end(told, status);
      }
    } catch (IOException malformed) {
      // Not before its listener has heard of what came before.
      status = Status.INTERNAL.withDescription(malformed.getMessage());
      abandoned = true;
      inflow.clear();
      return end(told, status);
    } finally {
      grant();
    }
    running = false;
    return null;
  }

  private Runnable end(Listener<A> told, Status last) {
    closed = true;
    Status effective =
        last.isOk() && inflow.hasRest()
            ? Status.INTERNAL.withDescription("the server ended the call within a message")
            : last;
    Metadata received = trailers;
    return () -> {
      context.removeListener(cancellation);
      if (connection != null && stream != null) {
        connection.cancel(stream);
      }
      told.onClose(effective, received);
    };
  }

  private void grant() {
    int bytes = inflow.takeRead();
    if (bytes > 0 && connection != null && stream != null) {
      connection.taken(stream, bytes);
    }
  }

  private void answer(Listener<A> told, byte[] message) {
    A parsed;
    try {
      parsed = method.parseResponse(new ByteArrayInputStream(message));
    } catch (RuntimeException malformed) {
      abandon(
          Status.INTERNAL
              .withDescription("the server's answer can't be read")
              .withCause(malformed));
      return;
    }
    told.onMessage(parsed);
  }
}
