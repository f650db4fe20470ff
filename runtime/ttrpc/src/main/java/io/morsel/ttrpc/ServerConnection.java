package io.morsel.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.morsel.ttrpc.wire.Request;
import io.morsel.ttrpc.wire.Response;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of a server: reads its frames on one virtual thread and has its calls handled on
 * others.
 */
final class ServerConnection {
  private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);

  private final TtrpcServer server;
  private final SocketChannel channel;
  private final FrameWriter writer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition callEnded = lock.newCondition();
  private final Map<Integer, ServerCall> calls = new HashMap<>();
  private boolean closed;

  /** For the reader only. */
  private int lastStreamId;

  ServerConnection(TtrpcServer server, SocketChannel channel) {
    this.server = server;
    this.channel = channel;
    this.writer = new FrameWriter(channel);
  }

  void start() {
    writer.start(
        "ttrpc-server-writer",
        e -> {
          log.debug("a client is gone: {}", e.toString());
          close();
        });
    Thread.ofVirtual().name("ttrpc-server-reader").start(this::receive);
  }

  Limits limits() {
    return server.limits();
  }

  private void receive() {
    FrameReader reader = new FrameReader(channel, server.limits().messageBytes());
    try {
      Inbound inbound = reader.read();
      while (inbound != null) {
        handle(inbound);
        inbound = reader.read();
      }
    } catch (IOException e) {
      log.debug("a client is gone: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  private void handle(Inbound inbound) throws IOException, InterruptedException {
    int id = inbound.streamId();
    try {
      switch (inbound) {
        case Inbound.Oversized frame ->
            throw new TtrpcException(
                StatusCode.RESOURCE_EXHAUSTED,
                "message length "
                    + frame.payloadBytes()
                    + " exceed maximum message size of "
                    + server.limits().messageBytes());
        case Frame frame when id % 2 == 0 ->
            throw new TtrpcException(
                StatusCode.INVALID_ARGUMENT, "StreamID must be odd for client initiated streams");
        case Frame frame when frame.type() == Frame.REQUEST -> begin(frame);
        case Frame frame when frame.type() == Frame.DATA -> data(frame);
        case Frame frame -> log.debug("a frame of unknown type {} is ignored", frame.type());
      }
    } catch (TtrpcException e) {
      ServerCall call = find(id);
      if (call == null) {
        send(failure(id, e), Deadline.NONE);
      } else {
        call.abort(e);
      }
    }
  }

  private void begin(Frame frame) throws TtrpcException {
    int id = frame.streamId();
    if (Integer.compareUnsigned(id, lastStreamId) <= 0) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT, "StreamID cannot be re-used and must increment");
    }
    lastStreamId = id;
    Request request;
    try {
      request = Request.parseFrom(frame.payload());
    } catch (InvalidProtocolBufferException e) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT, "unmarshal request error: " + e.getMessage());
    }
    if (server.stopping()) {
      throw new TtrpcException(StatusCode.UNAVAILABLE, "the server is shutting down");
    }
    Registration registration = server.find(request.getService(), request.getMethod());
    ServerCall call = new ServerCall(this, id, registration, request, frame);
    lock.lock();
    try {
      if (closed) {
        return;
      }
      if (calls.size() >= server.limits().callsPerConnection()) {
        throw new TtrpcException(
            StatusCode.RESOURCE_EXHAUSTED,
            "more than "
                + server.limits().callsPerConnection()
                + " calls at a time on one connection");
      }
      calls.put(id, call);
    } finally {
      lock.unlock();
    }
    call.start(server.deadlines());
  }

  private void data(Frame frame) throws TtrpcException, InterruptedException {
    ServerCall call = find(frame.streamId());
    if (call == null) {
      throw new TtrpcException(StatusCode.INVALID_ARGUMENT, "StreamID is no longer active");
    }
    call.receive(frame);
  }

  private @Nullable ServerCall find(int id) {
    lock.lock();
    try {
      return calls.get(id);
    } finally {
      lock.unlock();
    }
  }

  /** Queues a frame; false where there was no room for it before the deadline. */
  boolean send(Frame frame, Deadline deadline) throws ClosedChannelException, InterruptedException {
    return writer.offer(frame, deadline);
  }

  /** A call has been answered. */
  void ended(int id) {
    lock.lock();
    try {
      calls.remove(id);
      callEnded.signalAll();
    } finally {
      lock.unlock();
    }
  }

  static Frame success(int id, ByteString payload) {
    Response response = Response.newBuilder().setPayload(payload).build();
    if (response.getSerializedSize() > Frame.MAX_PAYLOAD_BYTES) {
      return failure(id, oversized(response.getSerializedSize()));
    }
    return Frame.response(id, response.toByteString());
  }

  static Frame failure(int id, TtrpcException why) {
    Response response = Response.newBuilder().setStatus(why.toWire()).build();
    if (response.getSerializedSize() > Frame.MAX_PAYLOAD_BYTES) {
      return failure(id, oversized(response.getSerializedSize()));
    }
    return Frame.response(id, response.toByteString());
  }

  static TtrpcException oversized(int bytes) {
    return new TtrpcException(
        StatusCode.RESOURCE_EXHAUSTED,
        "message length " + bytes + " exceed maximum message size of " + Frame.MAX_PAYLOAD_BYTES);
  }

  /** Waits until the calls under way are answered, then closes; false if that takes too long. */
  boolean finish(Deadline deadline) throws InterruptedException {
    boolean ended = awaitCalls(deadline) && writer.drain(deadline);
    close();
    return ended;
  }

  private boolean awaitCalls(Deadline deadline) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!calls.isEmpty() && !closed) {
        if (!deadline.await(callEnded)) {
          return false;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the connection and interrupts the handlers of its calls. */
  void close() {
    List<ServerCall> orphans;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      orphans = List.copyOf(calls.values());
      callEnded.signalAll();
    } finally {
      lock.unlock();
    }
    writer.close();
    try {
      channel.close();
    } catch (IOException e) {
      log.debug("closing a connection failed: {}", e.toString());
    }
    for (ServerCall call : orphans) {
      call.cancel(StatusCode.CANCELLED, "the client is gone");
    }
    server.ended(this);
  }
}
