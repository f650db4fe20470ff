package io.morsel.ttrpc;

import com.google.protobuf.MessageLite;

/** A method that a server answers, and what answers it. */
sealed interface Registration {
  TtrpcMethod<?, ?> method();

  /** One request, one response. */
  record Unary<Q extends MessageLite, A extends MessageLite>(
      TtrpcMethod<Q, A> method, UnaryHandler<Q, A> handler) implements Registration {}

  /** A stream on either side. */
  record Streaming<Q extends MessageLite, A extends MessageLite>(
      TtrpcMethod<Q, A> method, StreamHandler<Q, A> handler) implements Registration {}
}
