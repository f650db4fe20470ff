package io.morsel.bench.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Executor;

/**
 * Passes a connection on as fast as it can: a thread each way that reads and writes. {@code
 * splice}, which would copy nothing in between, was measured to be no faster on loopback.
 */
final class DirectRelay {
  private final Ends ends;
  private final Conversation conversation;
  private final Executor threads;
  private final BufferPool small;
  private final BufferPool large;

  /**
   * @param small buffers, which every connection has two of
   * @param large buffers, for answers that fill small ones
   */
  DirectRelay(
      Ends ends, Conversation conversation, Executor threads, BufferPool small, BufferPool large) {
    this.ends = ends;
    this.conversation = conversation;
    this.threads = threads;
    this.small = small;
    this.large = large;
  }

  /** Passes on until both directions have ended. The calling thread serves one of them. */
  void run() {
    threads.execute(this::down);
    up();
  }

  private void up() {
    RequestParser requests = new RequestParser();
    ByteBuffer buffer = small.take();
    try {
      while (ends.client().read(buffer) >= 0) {
        buffer.flip();
        conversation.requested(requests.feed(buffer));
        writeAll(ends.server(), buffer);
        buffer.clear();
      }
      ends.ended(ends.server());
    } catch (IOException e) {
      ends.abort();
    } finally {
      small.give(buffer);
    }
  }

  private void down() {
    try {
      if (downUntilFull()) {
        ByteBuffer buffer = large.take();
        try {
          while (passDown(buffer) >= 0) {
            buffer.clear();
          }
        } finally {
          large.give(buffer);
        }
      }
      ends.ended(ends.client());
    } catch (IOException e) {
      ends.abort();
    }
  }

  /** Whether a small buffer was filled, and there may be more; false at the end. */
  private boolean downUntilFull() throws IOException {
    ByteBuffer buffer = small.take();
    try {
      int bytes;
      do {
        buffer.clear();
        bytes = passDown(buffer);
      } while (bytes >= 0 && bytes < buffer.capacity());
      return bytes >= 0;
    } finally {
      small.give(buffer);
    }
  }

  /** Passes on what one read returns; negative at the end. */
  private int passDown(ByteBuffer buffer) throws IOException {
    int bytes = ends.server().read(buffer);
    deliver(ends.client(), buffer.flip(), conversation);
    return bytes;
  }

  /** Hands all of it to the client, counted. */
  static void deliver(SocketChannel client, ByteBuffer buffer, Conversation conversation)
      throws IOException {
    conversation.received(buffer.remaining());
    try {
      writeAll(client, buffer);
    } catch (IOException e) {
      conversation.received(-buffer.remaining());
      throw e;
    }
  }

  static void writeAll(SocketChannel socket, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      socket.write(buffer);
    }
  }
}
