package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;

/**
 * A method that can be called: its name and the messages it takes and gives. Immutable.
 *
 * @param <Q> the request message
 * @param <A> the response message
 */
public final class TtrpcMethod<Q extends MessageLite, A extends MessageLite> {
  /** Which sides send more than one message. */
  public enum Kind {
    /** One request, one response. */
    UNARY(false, false),
    /** Many requests, one response. */
    CLIENT_STREAMING(true, false),
    /** One request, many responses. */
    SERVER_STREAMING(false, true),
    /** Many of both, in any order. */
    BIDIRECTIONAL(true, true);

    private final boolean clientStreams;
    private final boolean serverStreams;

    Kind(boolean clientStreams, boolean serverStreams) {
      this.clientStreams = clientStreams;
      this.serverStreams = serverStreams;
    }

    /** Whether the client may send more than one message. */
    public boolean clientStreams() {
      return clientStreams;
    }

    /** Whether the server may send more than one message. */
    public boolean serverStreams() {
      return serverStreams;
    }

    private static Kind of(boolean clientStreams, boolean serverStreams) {
      if (clientStreams) {
        return serverStreams ? BIDIRECTIONAL : CLIENT_STREAMING;
      }
      return serverStreams ? SERVER_STREAMING : UNARY;
    }
  }

  private final String service;
  private final String name;
  private final Kind kind;
  private final Q request;
  private final A response;

  private TtrpcMethod(String service, String name, Kind kind, Q request, A response) {
    this.service = service;
    this.name = name;
    this.kind = kind;
    this.request = request;
    this.response = response;
  }

  /**
   * A method that is described by hand.
   *
   * @param service the service's full name, such as {@code containerd.task.v2.Task}
   * @param name the method's plain name, such as {@code Wait}
   * @param request any instance of the request message, such as its default instance
   * @param response any instance of the response message
   */
  public static <Q extends MessageLite, A extends MessageLite> TtrpcMethod<Q, A> of(
      String service, String name, Kind kind, Q request, A response) {
    return new TtrpcMethod<>(service, name, kind, request, response);
  }

  /** A method with one request and one response. */
  public static <Q extends MessageLite, A extends MessageLite> TtrpcMethod<Q, A> unary(
      String service, String name, Q request, A response) {
    return of(service, name, Kind.UNARY, request, response);
  }

  /** The method that a {@code .proto} file declares. */
  public static <Q extends MessageLite, A extends MessageLite> TtrpcMethod<Q, A> of(
      MethodDescriptor descriptor, Q request, A response) {
    return of(
        descriptor.getService().getFullName(),
        descriptor.getName(),
        Kind.of(descriptor.isClientStreaming(), descriptor.isServerStreaming()),
        request,
        response);
  }

  /** The same method of another service, such as another version with the same messages. */
  public TtrpcMethod<Q, A> inService(String otherService) {
    return new TtrpcMethod<>(otherService, name, kind, request, response);
  }

  /** The service's full name. */
  public String service() {
    return service;
  }

  /** The method's plain name. */
  public String name() {
    return name;
  }

  /** Which sides send more than one message. */
  public Kind kind() {
    return kind;
  }

  @SuppressWarnings("unchecked") // A message's parser makes messages of its own class.
  Q parseRequest(ByteString bytes) throws InvalidProtocolBufferException {
    return (Q) request.getParserForType().parseFrom(bytes);
  }

  @SuppressWarnings("unchecked") // As above.
  A parseResponse(ByteString bytes) throws InvalidProtocolBufferException {
    return (A) response.getParserForType().parseFrom(bytes);
  }

  /** The name as it stands in messages: {@code service/name}. */
  @Override
  public String toString() {
    return service + "/" + name;
  }
}
