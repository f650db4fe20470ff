package io.morsel.ttrpc;

import com.google.protobuf.MessageLite;

/**
 * Answers the calls of a unary method.
 *
 * @param <Q> the request message
 * @param <A> the response message
 */
@FunctionalInterface
public interface UnaryHandler<Q extends MessageLite, A extends MessageLite> {
  /**
   * Answers one call, on a virtual thread of its own that is interrupted when the call's deadline
   * passes or its client goes away.
   *
   * @throws TtrpcException to answer with an error
   */
  A handle(Q request, CallContext context) throws TtrpcException, InterruptedException;
}
