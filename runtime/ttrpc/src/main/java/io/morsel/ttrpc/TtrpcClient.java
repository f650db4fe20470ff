package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.morsel.ttrpc.wire.Request;
import io.morsel.ttrpc.wire.Response;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection to a ttrpc server. Any number of threads may call at a time; their calls
 * share the connection.
 *
 * <p>Calls block, and end early where their thread is interrupted or their timeout passes. ttrpc
 * can't tell a server that a call is no longer wanted: the server learns the timeout with the
 * request, and everything else when the connection ends. A connection that ended is not made anew.
 */
public final class TtrpcClient implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TtrpcClient.class);

  private static final int STREAM_CAPACITY = 64;
  private static final Duration STREAM_PATIENCE = Duration.ofSeconds(1);
  private static final long LAST_STREAM_ID = 0xffff_ffffL;

  private final SocketChannel channel;
  private final String peer;
  private final FrameWriter writer;
  private final Map<Integer, Inbox> streams = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  /** Held from the choice of a stream's id until its request is queued: ids must rise. */
  private final ReentrantLock order = new ReentrantLock();

  private long nextStreamId = 1;
  private volatile @Nullable String lost;

  private TtrpcClient(SocketChannel channel, String peer) {
    this.channel = channel;
    this.peer = peer;
    this.writer = new FrameWriter(channel);
  }

  /**
   * Connects to the server on a Unix socket.
   *
   * @throws IOException if nobody listens there
   */
  public static TtrpcClient connect(Path socket) throws IOException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new IOException(
          "can't connect to the ttrpc server on socket " + socket + ": " + e.getMessage(), e);
    }
    return over(channel, socket.toString());
  }

  /**
   * A client on a connection that exists; the client closes it in the end.
   *
   * @param channel in blocking mode
   * @param peer what the other end is called in messages
   */
  public static TtrpcClient over(SocketChannel channel, String peer) {
    TtrpcClient client = new TtrpcClient(channel, peer);
    client.writer.start("ttrpc-client-writer", e -> client.end("writing failed: " + e));
    Thread.ofVirtual().name("ttrpc-client-reader").start(client::receive);
    return client;
  }

  /** Whether the connection is up, as far as is known. */
  public boolean isOpen() {
    return lost == null;
  }

  /**
   * Completes when the connection has ended, by either side, and all its calls have failed. The
   * process that served it may be gone.
   */
  public CompletableFuture<Void> closed() {
    return closed.copy();
  }

  /** Calls a unary method with {@link CallOptions#DEFAULT}. */
  public <Q extends MessageLite, A extends MessageLite> A call(TtrpcMethod<Q, A> method, Q request)
      throws TtrpcException, InterruptedException {
    return call(method, request, CallOptions.DEFAULT);
  }

  /**
   * Calls a unary method and waits for its answer.
   *
   * @throws ConnectionLostException if the connection ended before the answer came
   * @throws TtrpcException if the server answers with an error, if the timeout passes, or if either
   *     message is longer than 4 MiB
   * @throws InterruptedException if the thread is interrupted; the server is not told
   */
  public <Q extends MessageLite, A extends MessageLite> A call(
      TtrpcMethod<Q, A> method, Q request, CallOptions options)
      throws TtrpcException, InterruptedException {
    if (method.kind() != TtrpcMethod.Kind.UNARY) {
      throw new IllegalArgumentException(method + " is not unary");
    }
    Deadline deadline = Deadline.after(options.timeout());
    Inbox inbox = new Inbox(method, 1);
    int id = begin(method, request.toByteString(), 0, inbox, options, deadline);
    try {
      Frame frame = inbox.take(deadline);
      if (frame == null) {
        throw late(method);
      }
      if (frame.type() != Frame.RESPONSE) {
        throw new TtrpcException(
            StatusCode.INTERNAL,
            method + ": " + peer + " answered with a frame of type " + frame.type());
      }
      return response(method, frame);
    } finally {
      forget(id);
    }
  }

  /**
   * Begins a call of a method whose request is one message and whose response is a stream.
   *
   * @throws TtrpcException as {@link #call} does
   */
  public <Q extends MessageLite, A extends MessageLite> ClientStream<Q, A> open(
      TtrpcMethod<Q, A> method, Q request, CallOptions options)
      throws TtrpcException, InterruptedException {
    if (method.kind() != TtrpcMethod.Kind.SERVER_STREAMING) {
      throw new IllegalArgumentException(method + " is not called with one request");
    }
    return open(method, request.toByteString(), Frame.REMOTE_CLOSED, options);
  }

  /**
   * Begins a call of a method that takes a stream of requests.
   *
   * @throws TtrpcException as {@link #call} does
   */
  public <Q extends MessageLite, A extends MessageLite> ClientStream<Q, A> open(
      TtrpcMethod<Q, A> method, CallOptions options) throws TtrpcException, InterruptedException {
    if (!method.kind().clientStreams()) {
      throw new IllegalArgumentException(method + " takes no stream of requests");
    }
    return open(method, ByteString.EMPTY, Frame.REMOTE_OPEN, options);
  }

  private <Q extends MessageLite, A extends MessageLite> ClientStream<Q, A> open(
      TtrpcMethod<Q, A> method, ByteString first, int flags, CallOptions options)
      throws TtrpcException, InterruptedException {
    Deadline deadline = Deadline.after(options.timeout());
    Inbox inbox = new Inbox(method, STREAM_CAPACITY);
    int id = begin(method, first, flags, inbox, options, deadline);
    return new ClientStream<>(this, method, id, inbox, deadline);
  }

  /** Ends the connection; calls under way fail. */
  @Override
  public void close() {
    end("it was closed here");
  }

  private int begin(
      TtrpcMethod<?, ?> method,
      ByteString payload,
      int flags,
      Inbox inbox,
      CallOptions options,
      Deadline deadline)
      throws TtrpcException, InterruptedException {
    if (!order.tryLock(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
      throw late(method);
    }
    try {
      if (nextStreamId > LAST_STREAM_ID) {
        throw new TtrpcException(
            StatusCode.RESOURCE_EXHAUSTED,
            method + ": the connection to " + peer + " has used up its calls; connect anew");
      }
      int id = (int) nextStreamId;
      streams.put(id, inbox);
      boolean begun = false;
      try {
        send(
            method,
            Frame.request(id, flags, request(method, payload, options, deadline)),
            deadline);
        begun = true;
        nextStreamId += 2;
        return id;
      } finally {
        if (!begun) {
          streams.remove(id);
        }
      }
    } finally {
      order.unlock();
    }
  }

  private static ByteString request(
      TtrpcMethod<?, ?> method, ByteString payload, CallOptions options, Deadline deadline) {
    Request.Builder request =
        Request.newBuilder()
            .setService(method.service())
            .setMethod(method.name())
            .setPayload(payload)
            .addAllMetadata(options.metadata().toWire());
    if (deadline.limited()) {
      request.setTimeoutNano(Math.max(1, deadline.remainingNanos()));
    }
    return request.build().toByteString();
  }

  /** Queues a frame of a call. */
  void send(TtrpcMethod<?, ?> method, Frame frame, Deadline deadline)
      throws TtrpcException, InterruptedException {
    if (frame.payload().size() > Frame.MAX_PAYLOAD_BYTES) {
      throw new TtrpcException(
          StatusCode.RESOURCE_EXHAUSTED,
          method
              + ": the message has "
              + frame.payload().size()
              + " bytes, but ttrpc carries "
              + Frame.MAX_PAYLOAD_BYTES
              + " at most");
    }
    try {
      if (!writer.offer(frame, deadline)) {
        throw late(method);
      }
    } catch (ClosedChannelException e) {
      throw lost(method);
    }
  }

  /** The message of a response frame. */
  <A extends MessageLite> A response(TtrpcMethod<?, A> method, Frame frame) throws TtrpcException {
    try {
      Response response = Response.parseFrom(frame.payload());
      if (response.getStatus().getCode() != StatusCode.OK.number()) {
        throw new TtrpcException(response.getStatus());
      }
      return method.parseResponse(response.getPayload());
    } catch (InvalidProtocolBufferException e) {
      throw malformed(method, e);
    }
  }

  TtrpcException malformed(TtrpcMethod<?, ?> method, InvalidProtocolBufferException e) {
    return new TtrpcException(
        StatusCode.INTERNAL, method + ": " + peer + " sent a malformed message: " + e.getMessage());
  }

  TtrpcException late(TtrpcMethod<?, ?> method) {
    return new TtrpcException(
        StatusCode.DEADLINE_EXCEEDED, method + ": " + peer + " did not answer in time");
  }

  private ConnectionLostException lost(TtrpcMethod<?, ?> method) {
    return new ConnectionLostException(
        method + ": the connection to " + peer + " has ended: " + lost);
  }

  /** Ends what is sent on a stream that was given up, if that can be queued at once. */
  void tellEnd(int streamId) {
    try {
      if (!writer.offer(Frame.end(streamId), Deadline.afterNanos(0))) {
        log.debug("{} is not told that call {} was given up", peer, streamId);
      }
    } catch (ClosedChannelException e) {
      log.debug("{} is gone, and with it call {}", peer, streamId);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Drops what still comes for a call. */
  void forget(int streamId) {
    Inbox inbox = streams.remove(streamId);
    if (inbox != null) {
      inbox.fail(
          method -> new TtrpcException(StatusCode.CANCELLED, method + ": the call was given up"));
    }
  }

  private void receive() {
    FrameReader reader = new FrameReader(channel, Frame.MAX_PAYLOAD_BYTES);
    try {
      Inbound inbound = reader.read();
      while (inbound != null) {
        deliver(inbound);
        inbound = reader.read();
      }
      end(peer + " closed it");
    } catch (IOException e) {
      end(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      end("its reader was interrupted");
    }
  }

  private void deliver(Inbound inbound) throws InterruptedException {
    Inbox inbox = streams.get(inbound.streamId());
    if (inbox == null) {
      log.debug("{} sent a frame of call {}, which has ended", peer, inbound.streamId());
      return;
    }
    switch (inbound) {
      case Frame frame -> {
        if (!inbox.offer(frame, Deadline.after(STREAM_PATIENCE))) {
          inbox.fail(
              method ->
                  new TtrpcException(
                      StatusCode.RESOURCE_EXHAUSTED,
                      method + ": messages from " + peer + " came faster than they were taken"));
        }
      }
      case Inbound.Oversized frame ->
          inbox.fail(
              method ->
                  new TtrpcException(
                      StatusCode.RESOURCE_EXHAUSTED,
                      method
                          + ": "
                          + peer
                          + " answered with a message of "
                          + frame.payloadBytes()
                          + " bytes, but ttrpc carries "
                          + Frame.MAX_PAYLOAD_BYTES
                          + " at most"));
    }
  }

  private void end(String why) {
    synchronized (closed) {
      if (lost != null) {
        return;
      }
      lost = why;
    }
    // From here on no call can be queued, and those that are queued stand in the map.
    writer.close();
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing the connection to {} failed: {}", peer, e.toString());
    }
    for (Inbox inbox : streams.values()) {
      inbox.fail(this::lost);
    }
    closed.complete(null);
  }
}
