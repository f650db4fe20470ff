package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.morsel.ttrpc.wire.Request;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that a server handles, from its request to the one frame that ends it.
 *
 * <p>The handler's thread runs {@link #run}; the connection's reader, the deadline's timer and
 * whoever closes the connection may end it early.
 */
final class ServerCall {
  private static final Logger log = LoggerFactory.getLogger(ServerCall.class);
  private static final int STREAM_CAPACITY = 64;

  private final ServerConnection connection;
  private final int id;
  private final Registration registration;
  private final ByteString payload;
  private final CallContext context;
  private final Deadline deadline;
  private final @Nullable Inbox inbox;

  /** For the handler only. */
  private @Nullable Frame first;

  private final Object lock = new Object();

  /** For the reader only: whether the client has sent its last message. */
  private boolean received;

  // Guarded by lock.
  private @Nullable Thread handler;
  private @Nullable TtrpcException early;
  private boolean ended;

  ServerCall(
      ServerConnection connection,
      int id,
      Registration registration,
      Request request,
      Frame frame) {
    this.connection = connection;
    this.id = id;
    this.registration = registration;
    this.payload = request.getPayload();
    this.deadline =
        request.getTimeoutNano() == 0
            ? Deadline.NONE
            : Deadline.afterNanos(request.getTimeoutNano());
    TtrpcMethod<?, ?> method = registration.method();
    this.context = new CallContext(method, Metadata.ofWire(request.getMetadataList()), deadline);
    this.received = !method.kind().clientStreams() || frame.has(Frame.REMOTE_CLOSED);
    this.inbox =
        registration instanceof Registration.Streaming<?, ?>
            ? new Inbox(method, STREAM_CAPACITY)
            : null;
    this.first = first(method.kind());
  }

  /** What the request itself says of the stream: a message, its end, or both. */
  private @Nullable Frame first(TtrpcMethod.Kind kind) {
    // Of a client that streams, an empty payload is no message: Go's ttrpc begins so.
    boolean message = !kind.clientStreams() || !payload.isEmpty();
    if (message) {
      return new Frame(id, Frame.DATA, received ? Frame.REMOTE_CLOSED : 0, payload);
    }
    return received ? Frame.end(id) : null;
  }

  void start(ScheduledExecutorService deadlines) {
    Thread thread = Thread.ofVirtual().name("ttrpc-call-" + id).unstarted(() -> run(deadlines));
    synchronized (lock) {
      handler = thread;
    }
    thread.start();
  }

  private void run(ScheduledExecutorService deadlines) {
    Future<?> timer = null;
    try {
      if (deadline.limited()) {
        timer =
            deadlines.schedule(
                () -> cancel(StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded"),
                Math.max(0, deadline.remainingNanos()),
                TimeUnit.NANOSECONDS);
      }
      finish(answer());
    } catch (TtrpcException e) {
      finish(ServerConnection.failure(id, e));
    } catch (InterruptedException e) {
      finish(ServerConnection.failure(id, cancelled()));
    } catch (RejectedExecutionException e) {
      finish(
          ServerConnection.failure(
              id, new TtrpcException(StatusCode.UNAVAILABLE, "the server is shutting down")));
    } catch (RuntimeException | Error e) {
      log.error("{}: the handler failed", context.method(), e);
      finish(
          ServerConnection.failure(
              id,
              new TtrpcException(
                  StatusCode.INTERNAL, context.method() + ": the handler failed: " + e)));
    } finally {
      if (timer != null) {
        timer.cancel(false);
      }
      connection.ended(id);
    }
  }

  private Frame answer() throws TtrpcException, InterruptedException {
    return switch (registration) {
      case Registration.Unary<?, ?> unary -> unary(unary);
      case Registration.Streaming<?, ?> streaming -> stream(streaming);
    };
  }

  private <Q extends MessageLite, A extends MessageLite> Frame unary(Registration.Unary<Q, A> unary)
      throws TtrpcException, InterruptedException {
    Q request;
    try {
      request = unary.method().parseRequest(payload);
    } catch (InvalidProtocolBufferException e) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT, unary.method() + ": malformed request: " + e.getMessage());
    }
    return ServerConnection.success(id, unary.handler().handle(request, context).toByteString());
  }

  private <Q extends MessageLite, A extends MessageLite> Frame stream(
      Registration.Streaming<Q, A> streaming) throws TtrpcException, InterruptedException {
    ServerStream<Q, A> stream = new ServerStream<>(this, streaming.method());
    streaming.handler().handle(stream, context);
    if (streaming.method().kind().serverStreams()) {
      return Frame.end(id);
    }
    ByteString result = stream.result();
    if (result == null) {
      throw new TtrpcException(
          StatusCode.INTERNAL, streaming.method() + ": the handler sent no response");
    }
    return ServerConnection.success(id, result);
  }

  /** Sends the frame that ends the call, unless it was ended before. */
  private void finish(Frame last) {
    synchronized (lock) {
      if (ended) {
        return;
      }
      ended = true;
      handler = null;
      // An interrupt that came too late must not hit the sending of the answer.
      boolean _ = Thread.interrupted();
    }
    send(last);
  }

  private void send(Frame last) {
    try {
      connection.send(last, Deadline.NONE);
    } catch (ClosedChannelException e) {
      log.debug("{}: the client did not wait for the answer", context.method());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private TtrpcException cancelled() {
    synchronized (lock) {
      return early != null
          ? early
          : new TtrpcException(StatusCode.CANCELLED, "the handler was interrupted");
    }
  }

  /** Interrupts the handler, which is then expected to end the call. */
  void cancel(StatusCode code, String why) {
    TtrpcException failure = new TtrpcException(code, why);
    synchronized (lock) {
      if (ended || early != null) {
        return;
      }
      early = failure;
      if (handler != null) {
        handler.interrupt();
      }
    }
    if (inbox != null) {
      inbox.fail(_ -> failure);
    }
  }

  /** Ends the call with an error at once, whatever its handler does; for the reader. */
  void abort(TtrpcException why) {
    synchronized (lock) {
      if (ended) {
        return;
      }
      ended = true;
      early = why;
      if (handler != null) {
        handler.interrupt();
      }
    }
    if (inbox != null) {
      inbox.fail(_ -> why);
    }
    send(ServerConnection.failure(id, why));
  }

  /** A data frame has come; for the reader. */
  void receive(Frame frame) throws TtrpcException, InterruptedException {
    if (inbox == null) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT, context.method() + " is unary and takes no data");
    }
    if (received) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT, context.method() + ": data after the end of the stream");
    }
    received = frame.has(Frame.REMOTE_CLOSED);
    if (!inbox.offer(frame, Deadline.after(connection.limits().streamPatience()))) {
      throw new TtrpcException(
          StatusCode.RESOURCE_EXHAUSTED,
          context.method() + ": messages came faster than the handler took them");
    }
  }

  /** The next data frame of the client; the first is made of the request where it carries one. */
  Frame takeData() throws TtrpcException, InterruptedException {
    Frame frame = first;
    if (frame != null) {
      first = null;
      return frame;
    }
    frame = inbox == null ? null : inbox.take(Deadline.NONE);
    if (frame == null) {
      throw new IllegalStateException(context.method() + " is unary");
    }
    return frame;
  }

  /** Sends one message of a stream of responses. */
  void sendData(ByteString message) throws TtrpcException, InterruptedException {
    if (message.size() > Frame.MAX_PAYLOAD_BYTES) {
      throw ServerConnection.oversized(message.size());
    }
    try {
      connection.send(Frame.data(id, message), Deadline.NONE);
    } catch (ClosedChannelException e) {
      throw new TtrpcException(StatusCode.CANCELLED, "the client is gone");
    }
  }
}
