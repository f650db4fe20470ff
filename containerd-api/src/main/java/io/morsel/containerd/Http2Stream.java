package io.morsel.containerd;

import io.grpc.Status;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One call's stream on a connection. Its fields are guarded by the connection, whose methods move
 * it.
 */
final class Http2Stream {
  /** Who takes what comes. Called by the connection's threads, which it must not hold up. */
  interface Receiver {
    /** Headers, or trailers where {@code last}. */
    void headers(List<Hpack.Header> headers, boolean last);

    /** A piece of the messages. */
    void data(ByteBuffer piece, boolean last);

    /** More can be sent without waiting. */
    void writable();

    /** The stream has ended, in another way than by the server's last word. */
    void failed(Status why);
  }

  private static final int READY_BYTES = 32 << 10;

  /** 0 until it has begun. */
  int id;

  /** Its block of headers, by which it begins. */
  final byte[] head;

  final Receiver receiver;

  /** By {@link System#nanoTime}, where {@link #limited}. */
  final long deadlineNanos;

  final boolean limited;

  /** How much the server takes of it for now; may be negative after it has changed its mind. */
  long sendWindow;

  final Queue<ByteBuffer> pending = new ArrayDeque<>();
  int pendingBytes;

  /** Nothing will be added to what is pending. */
  boolean sendingEnds;

  /** The server knows that. */
  boolean sendingEnded;

  /** What was received and not yet given back to the stream's window. */
  int owed;

  boolean ended;

  /**
   * One that has not begun.
   *
   * @param deadlineNanos until when it may take, by {@link System#nanoTime}; null for no limit
   */
  Http2Stream(byte[] head, Receiver receiver, @Nullable Long deadlineNanos) {
    this.head = head;
    this.receiver = receiver;
    this.limited = deadlineNanos != null;
    this.deadlineNanos = deadlineNanos == null ? 0 : deadlineNanos;
  }

  boolean hasBegun() {
    return id != 0;
  }

  boolean isReady() {
    return !ended && !sendingEnds && pendingBytes < READY_BYTES;
  }

  /** Whether something of it could be sent, but for the connection's window. */
  boolean wantsToSend() {
    return !ended && !sendingEnded && (pending.isEmpty() ? sendingEnds : sendWindow > 0);
  }
}
