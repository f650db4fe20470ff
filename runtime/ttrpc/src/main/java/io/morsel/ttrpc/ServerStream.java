package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import org.jspecify.annotations.Nullable;

/**
 * A call with more than one message, on the server's side. One thread may send while another
 * receives.
 *
 * @param <Q> the request message
 * @param <A> the response message
 */
public final class ServerStream<Q extends MessageLite, A extends MessageLite> {
  private final ServerCall call;
  private final TtrpcMethod<Q, A> method;
  private boolean received;
  private @Nullable ByteString result;

  ServerStream(ServerCall call, TtrpcMethod<Q, A> method) {
    this.call = call;
    this.method = method;
  }

  /**
   * Waits for the next message; null once the client has sent its last.
   *
   * @throws TtrpcException if the message is malformed or the call has failed
   */
  public @Nullable Q receive() throws TtrpcException, InterruptedException {
    while (!received) {
      Frame frame = call.takeData();
      received = frame.has(Frame.REMOTE_CLOSED);
      if (!frame.has(Frame.NO_DATA)) {
        try {
          return method.parseRequest(frame.payload());
        } catch (InvalidProtocolBufferException e) {
          throw new TtrpcException(
              StatusCode.INVALID_ARGUMENT, method + ": malformed message: " + e.getMessage());
        }
      }
    }
    return null;
  }

  /**
   * Sends one message. Where the method has one response, this sets it.
   *
   * @throws IllegalStateException if the one response was set before
   */
  public void send(A message) throws TtrpcException, InterruptedException {
    ByteString payload = message.toByteString();
    if (method.kind().serverStreams()) {
      call.sendData(payload);
    } else if (result == null) {
      result = payload;
    } else {
      throw new IllegalStateException(method + " has one response");
    }
  }

  /** The one response of a method without a stream of them; null where the handler set none. */
  @Nullable ByteString result() {
    return result;
  }
}
