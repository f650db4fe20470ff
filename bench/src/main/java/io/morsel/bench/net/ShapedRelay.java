package io.morsel.bench.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Passes a connection on through the flows of a shaped network. */
final class ShapedRelay {
  private final Ends ends;
  private final Conversation conversation;
  private final Executor threads;
  private final Flow up;
  private final Flow down;

  /**
   * @param acceptedNanos the {@link System#nanoTime} at which the client connected. In TCP, its
   *     first byte leaves a round trip later, and the server's, which waits for the client's last
   *     word of the handshake, half a round trip after that
   */
  ShapedRelay(
      Ends ends,
      Conversation conversation,
      Pacer upstream,
      Pacer downstream,
      BufferPool pool,
      Executor threads,
      long acceptedNanos) {
    this.ends = ends;
    this.conversation = conversation;
    this.threads = threads;
    Shape shape = upstream.shape();
    this.up = new Flow(upstream, upstream.moment(acceptedNanos) + shape.rttNanos(), pool);
    this.down =
        new Flow(
            downstream,
            downstream.moment(acceptedNanos) + shape.rttNanos() + shape.delayNanos(),
            pool);
    ends.onClose(up::abandon);
    ends.onClose(down::abandon);
  }

  /** Passes on until both directions have ended. The calling thread serves one of them. */
  void run() {
    RequestParser requests = new RequestParser();
    threads.execute(() -> write(up, ends.server(), null));
    threads.execute(() -> read(ends.server(), down, null));
    threads.execute(() -> write(down, ends.client(), conversation));
    read(ends.client(), up, requests);
  }

  private void read(SocketChannel sender, Flow flow, @Nullable RequestParser requests) {
    try {
      for (ByteBuffer space = flow.space(); space != null; space = flow.space()) {
        int bytes = sender.read(space);
        if (bytes < 0) {
          flow.end(false);
          return;
        }
        if (requests != null) {
          conversation.requested(requests.feed(space.flip()));
        }
        flow.arrived(bytes);
      }
    } catch (IOException e) {
      // What it sent before arrives still.
      flow.end(true);
    }
  }

  /**
   * @param received counts; null for what goes to the server
   */
  private void write(Flow flow, SocketChannel receiver, @Nullable Conversation received) {
    try {
      for (ByteBuffer due = flow.due(); due != null; due = flow.due()) {
        int bytes = due.remaining();
        if (received == null) {
          DirectRelay.writeAll(receiver, due);
        } else {
          DirectRelay.deliver(receiver, due, received);
        }
        flow.delivered(bytes);
      }
      if (flow.endedByReset()) {
        ends.abort();
      } else {
        ends.ended(receiver);
      }
    } catch (IOException e) {
      ends.abort();
    } catch (InterruptedException e) {
      ends.abort();
      Thread.currentThread().interrupt();
    }
  }
}
