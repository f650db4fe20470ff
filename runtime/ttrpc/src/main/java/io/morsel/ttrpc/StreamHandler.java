package io.morsel.ttrpc;

import com.google.protobuf.MessageLite;

/**
 * Answers the calls of a method that has a stream on either side.
 *
 * @param <Q> the request message
 * @param <A> the response message
 */
@FunctionalInterface
public interface StreamHandler<Q extends MessageLite, A extends MessageLite> {
  /**
   * Answers one call, on a virtual thread of its own that is interrupted when the call's deadline
   * passes or its client goes away. The call ends when this returns.
   *
   * @throws TtrpcException to end the call with an error
   */
  void handle(ServerStream<Q, A> stream, CallContext context)
      throws TtrpcException, InterruptedException;
}
