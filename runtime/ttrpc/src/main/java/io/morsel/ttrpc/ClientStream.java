package io.morsel.ttrpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import org.jspecify.annotations.Nullable;

/**
 * A call with more than one message, on the client's side. One thread may send while another
 * receives.
 *
 * @param <Q> the request message
 * @param <A> the response message
 */
public final class ClientStream<Q extends MessageLite, A extends MessageLite>
    implements AutoCloseable {
  private final TtrpcClient client;
  private final TtrpcMethod<Q, A> method;
  private final int id;
  private final Inbox inbox;
  private final Deadline deadline;
  private boolean sendingEnded;
  private boolean received;

  ClientStream(
      TtrpcClient client, TtrpcMethod<Q, A> method, int id, Inbox inbox, Deadline deadline) {
    this.client = client;
    this.method = method;
    this.id = id;
    this.inbox = inbox;
    this.deadline = deadline;
    this.sendingEnded = !method.kind().clientStreams();
  }

  /**
   * Sends one message.
   *
   * @throws IllegalStateException after {@link #endSending}, or where the method takes one request
   */
  public void send(Q message) throws TtrpcException, InterruptedException {
    if (sendingEnded) {
      throw new IllegalStateException(method + ": no more can be sent");
    }
    client.send(method, Frame.data(id, message.toByteString()), deadline);
  }

  /** Tells the server that no more will be sent. */
  public void endSending() throws TtrpcException, InterruptedException {
    if (!sendingEnded) {
      sendingEnded = true;
      client.send(method, Frame.end(id), deadline);
    }
  }

  /**
   * Waits for the next message; null once the server has sent its last.
   *
   * @throws TtrpcException if the call failed; as {@link TtrpcClient#call} does
   */
  public @Nullable A receive() throws TtrpcException, InterruptedException {
    if (received) {
      return null;
    }
    Frame frame = inbox.take(deadline);
    if (frame == null) {
      throw client.late(method);
    }
    return switch (frame.type()) {
      case Frame.RESPONSE -> {
        finish();
        A last = client.response(method, frame);
        // To end a stream of responses, an empty one says no more than that.
        yield method.kind().serverStreams() && last.getSerializedSize() == 0 ? null : last;
      }
      case Frame.DATA -> data(frame);
      default -> throw unexpected(frame);
    };
  }

  private @Nullable A data(Frame frame) throws TtrpcException {
    if (!method.kind().serverStreams()) {
      throw unexpected(frame);
    }
    if (frame.has(Frame.REMOTE_CLOSED)) {
      finish();
    }
    if (frame.has(Frame.NO_DATA)) {
      // Only a frame that ends the stream has a reason to carry nothing.
      if (received) {
        return null;
      }
      throw unexpected(frame);
    }
    try {
      return method.parseResponse(frame.payload());
    } catch (InvalidProtocolBufferException e) {
      throw client.malformed(method, e);
    }
  }

  /**
   * Ends sending and waits for the one response of a method that takes a stream of requests.
   *
   * @throws TtrpcException if the call failed
   */
  public A result() throws TtrpcException, InterruptedException {
    if (method.kind() != TtrpcMethod.Kind.CLIENT_STREAMING) {
      throw new IllegalStateException(method + " has more than one response");
    }
    endSending();
    A result = receive();
    if (result == null) {
      throw new IllegalStateException(method + ": the result was taken before");
    }
    return result;
  }

  /** Gives the call up where it has not ended; the server sees the end of what it receives. */
  @Override
  public void close() {
    client.forget(id);
    if (!sendingEnded && client.isOpen()) {
      sendingEnded = true;
      client.tellEnd(id);
    }
  }

  private void finish() {
    received = true;
    client.forget(id);
  }

  private TtrpcException unexpected(Frame frame) {
    finish();
    return new TtrpcException(
        StatusCode.INTERNAL, method + ": an unexpected frame of type " + frame.type());
  }
}
