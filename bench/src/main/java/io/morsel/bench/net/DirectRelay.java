package io.morsel.bench.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Passes a connection on as fast as it can: a copy each way, and two threads that the kernel wakes
 * itself, which takes half as long as waking virtual ones.
 */
final class DirectRelay {
  private static final int SMALL_BYTES = 64 << 10;

  /** System calls are what a bulk transfer costs: few large ones. */
  private static final int LARGE_BYTES = 1 << 20;

  private final Ends ends;
  private final TrafficCounter counter;

  DirectRelay(Ends ends, TrafficCounter counter) {
    this.ends = ends;
    this.counter = counter;
  }

  /** Passes on until both directions have ended. The calling thread serves one of them. */
  void run() {
    Thread.ofPlatform().daemon().name("link-down").start(this::down);
    up();
  }

  private void up() {
    RequestParser requests = new RequestParser();
    ByteBuffer buffer = ByteBuffer.allocateDirect(SMALL_BYTES);
    try {
      while (ends.client().read(buffer) >= 0) {
        buffer.flip();
        counter.requested(requests.feed(buffer));
        writeAll(ends.server(), buffer);
        buffer.clear();
      }
      ends.ended(ends.server());
    } catch (IOException e) {
      ends.abort();
    }
  }

  private void down() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(SMALL_BYTES);
    try {
      while (ends.server().read(buffer) >= 0) {
        boolean full = !buffer.hasRemaining();
        buffer.flip();
        deliver(ends.client(), buffer, counter);
        buffer.clear();
        if (full && buffer.capacity() < LARGE_BYTES) {
          buffer = ByteBuffer.allocateDirect(LARGE_BYTES);
        }
      }
      ends.ended(ends.client());
    } catch (IOException e) {
      ends.abort();
    }
  }

  /** Hands all of it to the client, counted. */
  static void deliver(SocketChannel client, ByteBuffer buffer, TrafficCounter counter)
      throws IOException {
    counter.received(buffer.remaining());
    try {
      writeAll(client, buffer);
    } catch (IOException e) {
      counter.received(-buffer.remaining());
      throw e;
    }
  }

  static void writeAll(SocketChannel socket, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      socket.write(buffer);
    }
  }
}
