package io.morsel.containerd;

import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Calls of a gRPC server in the same process, whose answers are not looked at.
 *
 * <p>Takes the server through its first calls without what stubs and their listeners bring along,
 * which a daemon has no other use for. One thread at a time; interrupting it ends the connection.
 */
public final class RawCalls implements AutoCloseable {
  private static final Status CLOSED = Status.UNAVAILABLE.withDescription("it has been closed");

  private final Http2Connection connection;
  private final Metadata further = new Metadata();

  private RawCalls(Http2Connection connection, Map<String, String> further) {
    this.connection = connection;
    further.forEach(
        (name, value) ->
            this.further.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
  }

  /** Connects to the server on {@code socket}, and waits for its side of the handshake. */
  public static RawCalls open(Path socket) throws IOException {
    return open(socket, Map.of());
  }

  /** As above; every call has these further headers, whose names are in lower case. */
  public static RawCalls open(Path socket, Map<String, String> headers) throws IOException {
    RawCalls calls = new RawCalls(Http2Connection.open(socket), headers);
    boolean opened = false;
    try {
      calls.connection.awaitSettings();
      opened = true;
      return calls;
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      if (!opened) {
        calls.close();
      }
    }
  }

  /**
   * Calls a method that takes one message, and waits until the call has ended, however it has.
   *
   * @throws IOException if the server ends the connection instead
   */
  public <Q> void call(MethodDescriptor<Q, ?> method, Q request) throws IOException {
    call(method, List.of(request));
  }

  /**
   * Calls a method that takes a stream of messages, all of which are sent before an answer is
   * looked for, and waits until the call has ended, however it has.
   *
   * @throws IOException if the server ends the connection instead
   */
  public <Q> void call(MethodDescriptor<Q, ?> method, List<Q> requests) throws IOException {
    byte[] head = CallHead.encode(method, CallOptions.DEFAULT, further, null);
    Answers answers = new Answers();
    Http2Stream stream = connection.start(head, answers, null, true);
    if (stream == null) {
      throw new IOException("the server has ended the connection");
    }
    for (Q request : requests) {
      try (InputStream message = method.streamRequest(request)) {
        connection.send(stream, CallMessage.frame(message), true);
      }
    }
    connection.endSending(stream);
    try {
      for (int bytes = answers.next(); bytes > 0; bytes = answers.next()) {
        connection.taken(stream, bytes);
      }
    } catch (InterruptedException e) {
      close();
      throw interrupted();
    }
    Status failure = answers.failure();
    if (failure != null && !connection.isOpen()) {
      throw new IOException(failure.getDescription());
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  /** How much has come of a call's answers, and whether that is all. */
  private static final class Answers implements Http2Stream.Receiver {
    private int unread;
    private boolean ended;
    private @Nullable Status failure;

    /** Waits for more, and says how many bytes that is; 0 in the end. */
    synchronized int next() throws InterruptedException {
      while (unread == 0 && !ended) {
        wait();
      }
      int bytes = ended ? 0 : unread;
      unread = 0;
      return bytes;
    }

    /** Why there was no proper end; null where there was one. */
    synchronized @Nullable Status failure() {
      return failure;
    }

    @Override
    public synchronized void headers(List<Hpack.Header> headers, boolean last) {
      end(last);
    }

    @Override
    public synchronized void data(ByteBuffer piece, boolean last) {
      unread += piece.remaining();
      end(last);
      notifyAll();
    }

    private synchronized void end(boolean last) {
      if (last) {
        ended = true;
        notifyAll();
      }
    }

    @Override
    public void writable() {
      // All has been sent.
    }

    @Override
    public synchronized void failed(Status why) {
      failure = why;
      end(true);
    }
  }

  @Override
  public void close() {
    connection.close(CLOSED);
  }
}
