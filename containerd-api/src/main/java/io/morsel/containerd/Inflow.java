package io.morsel.containerd;

import static io.morsel.containerd.CallMessage.PREFIX_BYTES;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The messages that a stream brings, in the pieces in which they come; its owner guards it.
 *
 * <p>A message that is under way is taken out of the pieces as it comes, so that the server may
 * send all of it, and only if it has been asked for: what has not stays in the stream's window.
 */
final class Inflow {
  private final Deque<ByteBuffer> pieces = new ArrayDeque<>();
  private int available;
  private int read;
  private @Nullable ByteBuffer message;

  void add(ByteBuffer piece) {
    if (piece.hasRemaining()) {
      pieces.add(piece);
      available += piece.remaining();
    }
  }

  void clear() {
    pieces.clear();
    available = 0;
    message = null;
  }

  /**
   * The next message, which somebody waits for; null where it is not all there.
   *
   * @throws IOException if it is compressed, or longer than it may be
   */
  byte @Nullable [] next() throws IOException {
    if (message == null) {
      if (available < PREFIX_BYTES) {
        return null;
      }
      ByteBuffer prefix = ByteBuffer.allocate(PREFIX_BYTES);
      fill(prefix);
      prefix.flip();
      if (prefix.get() != 0) {
        throw new IOException("the server sent a compressed message, which nobody asked for");
      }
      int length = prefix.getInt();
      if (length < 0 || length > UnixServer.MAX_MESSAGE_BYTES) {
        throw new IOException(
            "the server sent a message of "
                + Integer.toUnsignedString(length)
                + " bytes, more than "
                + UnixServer.MAX_MESSAGE_BYTES);
      }
      message = ByteBuffer.allocate(length);
    }
    fill(message);
    if (message.hasRemaining()) {
      return null;
    }
    byte[] whole = message.array();
    message = null;
    return whole;
  }

  private void fill(ByteBuffer target) {
    ByteBuffer piece = pieces.peek();
    while (piece != null && target.hasRemaining()) {
      int bytes = Math.min(piece.remaining(), target.remaining());
      target.put(target.position(), piece, piece.position(), bytes);
      target.position(target.position() + bytes);
      piece.position(piece.position() + bytes);
      available -= bytes;
      read += bytes;
      if (!piece.hasRemaining()) {
        pieces.remove();
        piece = pieces.peek();
      }
    }
  }

  /** Whether a whole message waits for somebody to ask for it. */
  boolean hasMessage() {
    if (message != null) {
      return available >= message.remaining();
    }
    if (available < PREFIX_BYTES) {
      return false;
    }
    // The prefix may lie across pieces.
    ByteBuffer prefix = ByteBuffer.allocate(PREFIX_BYTES);
    for (ByteBuffer piece : pieces) {
      int bytes = Math.min(piece.remaining(), prefix.remaining());
      prefix.put(piece.slice(piece.position(), bytes));
    }
    long length = Integer.toUnsignedLong(prefix.getInt(1));
    // One that is refused is to be looked at, too.
    return length > UnixServer.MAX_MESSAGE_BYTES || available >= PREFIX_BYTES + length;
  }

  /** Whether something is left that is no message. */
  boolean hasRest() {
    return message != null || available > 0;
  }

  /** How much has been read since this was last asked. */
  int takeRead() {
    int bytes = read;
    read = 0;
    return bytes;
  }
}
