package io.morsel.containerd;

import io.grpc.Status;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/2 connection, RFC 9113, on a Unix socket.
 *
 * <p>One thread reads and one writes: callers never touch the socket, which would be closed if they
 * were interrupted meanwhile. The writing one also ends calls whose time is up. Safe for use by
 * many threads.
 */
final class Http2Connection {
  private static final int DEFAULT_WINDOW = (1 << 16) - 1;
  private static final int MAX_FRAME = (1 << 24) - 1;

  /** How much of a stream the server may send ahead of its reader. */
  private static final int STREAM_WINDOW = 1 << 20;

  /** How much of all streams it may send before this side has read it. */
  private static final int CONNECTION_WINDOW = 4 << 20;

  /** More answers to the server's frames than this are not kept for one that reads none. */
  private static final int MAX_CONTROL_FRAMES = 10_000;

  /** How calls end that have taken too long. */
  static final Status LATE = Status.DEADLINE_EXCEEDED.withDescription("its deadline has passed");

  private static final int BUFFER_BYTES = 32 << 10;

  private final SocketChannel socket;
  private final Queue<ByteBuffer> control = new ArrayDeque<>();
  private final Http2Streams streams = new Http2Streams(DEFAULT_WINDOW);
  private boolean settled;
  private long sendWindow = DEFAULT_WINDOW;
  private int frameSize = Http2Frame.MIN_FRAME;
  private boolean noNewCalls;
  private @Nullable Status closed;

  /** What was read and not yet given back to the connection's window; for the reader only. */
  private int owed;

  private Http2Connection(SocketChannel socket) {
    this.socket = socket;
  }

  /**
   * Connects, and says what a client says first.
   *
   * @throws IOException if nobody listens there
   */
  static Http2Connection open(Path address) throws IOException {
    Http2Connection connection =
        new Http2Connection(SocketChannel.open(UnixDomainSocketAddress.of(address)));
    connection.greet();
    Thread.ofPlatform().daemon().name("grpc-client-writer").start(connection::write);
    Thread.ofPlatform()
        .daemon()
        .name("grpc-client-reader")
        .start(new Http2Reader(connection.socket, connection)::run);
    return connection;
  }

  private synchronized void greet() {
    control.add(ByteBuffer.wrap(Http2Frame.PREFACE));
    ByteBuffer settings = Http2Frame.frame(Http2Frame.SETTINGS, 0, 0, 18);
    settings.putShort((short) Http2Frame.SETTINGS_TABLE_SIZE).putInt(0);
    settings.putShort((short) Http2Frame.SETTINGS_PUSH).putInt(0);
    settings.putShort((short) Http2Frame.SETTINGS_WINDOW).putInt(STREAM_WINDOW);
    control.add(settings.flip());
    control.add(Http2Frame.number(Http2Frame.WINDOW_UPDATE, 0, CONNECTION_WINDOW - DEFAULT_WINDOW));
  }

  // --- for calls ---------------------------------------------------------------------------------

  /** Whether new calls can be made on it. */
  synchronized boolean isOpen() {
    return closed == null && !noNewCalls && streams.hasRoom();
  }

  /**
   * Waits until the server has said what it takes, which is its side of the handshake.
   *
   * @throws IOException if it ends the connection instead
   */
  synchronized void awaitSettings() throws IOException, InterruptedException {
    while (!settled && closed == null) {
      wait();
    }
    if (closed != null) {
      throw new IOException(closed.getDescription());
    }
  }

  /**
   * Begins a stream, or has it begin once the server takes one more.
   *
   * @param hold whether its beginning can wait for what is sent next
   * @return null where {@link #isOpen} no longer holds
   */
  synchronized @Nullable Http2Stream start(
      byte[] block, Http2Stream.Receiver receiver, @Nullable Long deadlineNanos, boolean hold) {
    if (!isOpen()) {
      return null;
    }
    Http2Stream stream = new Http2Stream(block, receiver, deadlineNanos);
    streams.add(stream);
    beginWaiting();
    if (!hold) {
      notifyAll();
    }
    return stream;
  }

  private void beginWaiting() {
    Http2Stream stream = streams.beginNext();
    while (stream != null) {
      begin(stream);
      stream = streams.beginNext();
    }
  }

  private void begin(Http2Stream stream) {
    byte[] block = stream.head;
    int sent = Math.min(block.length, frameSize);
    control.add(
        Http2Frame.frame(
                Http2Frame.HEADERS,
                sent == block.length ? Http2Frame.END_HEADERS : 0,
                stream.id,
                sent)
            .put(block, 0, sent)
            .flip());
    while (sent < block.length) {
      int next = Math.min(block.length - sent, frameSize);
      int flags = sent + next == block.length ? Http2Frame.END_HEADERS : 0;
      control.add(
          Http2Frame.frame(Http2Frame.CONTINUATION, flags, stream.id, next)
              .put(block, sent, next)
              .flip());
      sent += next;
    }
  }

  /** Queues a piece of a stream's messages. */
  synchronized void send(Http2Stream stream, ByteBuffer piece, boolean hold) {
    if (!stream.ended && !stream.sendingEnds) {
      stream.pending.add(piece);
      stream.pendingBytes += piece.remaining();
      if (!hold) {
        notifyAll();
      }
    }
  }

  /** Ends what is sent of a stream. */
  synchronized void endSending(Http2Stream stream) {
    stream.sendingEnds = true;
    notifyAll();
  }

  /** Whether a little more can be queued without the server being waited for. */
  synchronized boolean isReady(Http2Stream stream) {
    return stream.isReady();
  }

  /** Ends a stream that nobody is interested in any longer; its receiver hears no more of it. */
  synchronized void cancel(Http2Stream stream) {
    if (!stream.ended) {
      reset(stream);
      notifyAll();
    }
  }

  /** So many bytes of a stream have been taken by their reader. */
  synchronized void taken(Http2Stream stream, int bytes) {
    if (stream.ended) {
      return;
    }
    stream.owed += bytes;
    if (stream.owed >= STREAM_WINDOW / 2) {
      control.add(Http2Frame.number(Http2Frame.WINDOW_UPDATE, stream.id, stream.owed));
      stream.owed = 0;
      notifyAll();
    }
  }

  /** Ends the connection and all its calls. */
  void close(Status why) {
    List<Http2Stream> orphans;
    synchronized (this) {
      if (closed != null) {
        return;
      }
      closed = why;
      orphans = streams.endAfter(0);
      control.clear();
      notifyAll();
    }
    try {
      socket.close();
    } catch (IOException ignored) {
      // It is given up.
    }
    orphans.forEach(stream -> stream.receiver.failed(why));
  }

  private void reset(Http2Stream stream) {
    if (stream.hasBegun()) {
      control.add(Http2Frame.number(Http2Frame.RST_STREAM, stream.id, Http2Frame.CANCEL));
    }
    forget(stream);
  }

  /** After its end has been queued, if the server has to be told: others may begin in its place. */
  private void forget(Http2Stream stream) {
    streams.end(stream);
    int before = control.size();
    beginWaiting();
    if (control.size() > before) {
      notifyAll();
    }
  }

  // --- writing -----------------------------------------------------------------------------------

  private void write() {
    ByteBuffer output = ByteBuffer.allocate(BUFFER_BYTES);
    List<Http2Stream> writable = new ArrayList<>();
    List<Http2Stream> late = new ArrayList<>();
    try {
      while (collect(output, writable, late)) {
        output.flip();
        while (output.hasRemaining()) {
          socket.write(output);
        }
        output.clear();
        writable.forEach(stream -> stream.receiver.writable());
        writable.clear();
        late.forEach(stream -> stream.receiver.failed(LATE));
        late.clear();
      }
    } catch (IOException e) {
      close(Status.UNAVAILABLE.withDescription("the connection broke: " + e.getMessage()));
    } catch (InterruptedException e) {
      close(Status.UNAVAILABLE.withDescription("the connection was interrupted"));
    } catch (RuntimeException | Error e) {
      // Nobody would tell those who wait.
      close(Status.INTERNAL.withDescription("unexpected failure of the connection").withCause(e));
    }
  }

  /** Waits for something to do; false in the end. */
  private synchronized boolean collect(
      ByteBuffer output, List<Http2Stream> writable, List<Http2Stream> late)
      throws InterruptedException {
    while (closed == null) {
      long wait = expire(late);
      collectControl(output);
      if (control.isEmpty()) {
        collectData(output, writable);
      }
      if (output.position() > 0 || !late.isEmpty()) {
        return true;
      }
      wait(wait);
    }
    return false;
  }

  /**
   * Ends what has taken too long.
   *
   * @return after how many milliseconds the next may have; 0 for none
   */
  private long expire(List<Http2Stream> late) {
    long wait = streams.findLate(late);
    late.forEach(this::reset);
    return wait;
  }

  private void collectControl(ByteBuffer output) {
    ByteBuffer frame = control.peek();
    while (frame != null && output.hasRemaining()) {
      put(frame, frame.remaining(), output);
      if (!frame.hasRemaining()) {
        control.remove();
        frame = control.peek();
      }
    }
  }

  private void collectData(ByteBuffer output, List<Http2Stream> writable) {
    for (Http2Stream stream : streams.begun()) {
      while (stream.wantsToSend() && output.remaining() > Http2Frame.HEADER_BYTES) {
        int room = Math.min(output.remaining() - Http2Frame.HEADER_BYTES, frameSize);
        int bytes = (int) Math.min(Math.min(room, stream.pendingBytes), windowOf(stream));
        if (bytes == 0 && stream.pendingBytes > 0) {
          break;
        }
        boolean wasReady = stream.isReady();
        boolean ends = stream.sendingEnds && bytes == stream.pendingBytes;
        Http2Frame.putHeader(
            output, bytes, Http2Frame.DATA, ends ? Http2Frame.END_STREAM : 0, stream.id);
        takePending(stream, bytes, output);
        sendWindow -= bytes;
        stream.sendWindow -= bytes;
        stream.sendingEnded = ends;
        if (!wasReady && stream.isReady()) {
          writable.add(stream);
        }
      }
    }
  }

  private long windowOf(Http2Stream stream) {
    return Math.max(0, Math.min(sendWindow, stream.sendWindow));
  }

  private static void takePending(Http2Stream stream, int bytes, ByteBuffer output) {
    stream.pendingBytes -= bytes;
    int left = bytes;
    ByteBuffer piece = stream.pending.peek();
    while (piece != null && left > 0) {
      left -= put(piece, left, output);
      if (!piece.hasRemaining()) {
        stream.pending.remove();
        piece = stream.pending.peek();
      }
    }
  }

  private static int put(ByteBuffer source, int most, ByteBuffer target) {
    int bytes = Math.min(Math.min(source.remaining(), most), target.remaining());
    target.put(target.position(), source, source.position(), bytes);
    target.position(target.position() + bytes);
    source.position(source.position() + bytes);
    return bytes;
  }

  // --- reading -----------------------------------------------------------------------------------

  /**
   * A piece of a stream's messages has come; for the reader.
   *
   * @param bytes how long it was with what only filled it up
   */
  void data(int id, ByteBuffer payload, int bytes, boolean last) throws IOException {
    owed += bytes;
    if (owed >= CONNECTION_WINDOW / 2) {
      answer(Http2Frame.number(Http2Frame.WINDOW_UPDATE, 0, owed));
      owed = 0;
    }
    Http2Stream stream = find(id, last);
    if (stream != null) {
      // What nobody will read is read.
      taken(stream, bytes - payload.remaining());
      ByteBuffer piece = ByteBuffer.allocate(payload.remaining()).put(payload).flip();
      stream.receiver.data(piece, last);
    }
  }

  /** Headers have come, or trailers where {@code last}; for the reader. */
  void headers(int id, List<Hpack.Header> headers, boolean last) {
    Http2Stream stream = find(id, last);
    if (stream != null) {
      stream.receiver.headers(headers, last);
    }
  }

  /** A stream that has not ended; it does where this is the {@code last} of it. */
  private synchronized @Nullable Http2Stream find(int id, boolean last) {
    Http2Stream stream = streams.get(id);
    if (stream != null && last) {
      if (stream.sendingEnded) {
        forget(stream);
      } else {
        // The server does not wait for the rest, which nobody sends.
        reset(stream);
        notifyAll();
      }
    }
    return stream;
  }

  /** The server has ended a stream; for the reader. */
  void reset(int id, int code) {
    Http2Stream stream = find(id);
    if (stream != null) {
      stream.receiver.failed(statusOf(code));
    }
  }

  private synchronized @Nullable Http2Stream find(int id) {
    Http2Stream stream = streams.get(id);
    if (stream != null) {
      forget(stream);
    }
    return stream;
  }

  /** gRPC's "PROTOCOL-HTTP2" has which code of HTTP/2 means what. */
  private static Status statusOf(int code) {
    Status status =
        switch (code) {
          case 7 -> Status.UNAVAILABLE;
          case Http2Frame.CANCEL -> Status.CANCELLED;
          case 11 -> Status.RESOURCE_EXHAUSTED;
          case 12 -> Status.PERMISSION_DENIED;
          default -> Status.INTERNAL;
        };
    return status.withDescription("the server reset the call, with HTTP/2's error code " + code);
  }

  /** The server has set something; for the reader. */
  void settings(ByteBuffer payload) throws IOException {
    synchronized (this) {
      if (!settled) {
        settled = true;
        streams.limit(Integer.MAX_VALUE);
      }
      while (payload.hasRemaining()) {
        int name = payload.getShort() & 0xFFFF;
        int value = payload.getInt();
        if (name == Http2Frame.SETTINGS_WINDOW) {
          if (value < 0) {
            throw new IOException("the server set a window that is too large");
          }
          streams.window(value);
        } else if (name == Http2Frame.SETTINGS_FRAME_SIZE) {
          if (value < Http2Frame.MIN_FRAME || value > MAX_FRAME) {
            throw new IOException("the server set a size of frames that there can't be");
          }
          frameSize = value;
        } else if (name == Http2Frame.SETTINGS_STREAMS) {
          // It has no sign.
          streams.limit(value < 0 ? Integer.MAX_VALUE : value);
        }
      }
      beginWaiting();
    }
    answer(Http2Frame.frame(Http2Frame.SETTINGS, Http2Frame.ACK, 0, 0).flip());
  }

  /** Queues what the server waits for; for the reader. */
  synchronized void answer(ByteBuffer frame) throws IOException {
    if (control.size() >= MAX_CONTROL_FRAMES) {
      throw new IOException("the server asks and does not read the answers");
    }
    control.add(frame);
    notifyAll();
  }

  /** The server takes more; for the reader. */
  synchronized void window(int id, int more) {
    if (id == 0) {
      sendWindow += more;
    } else {
      Http2Stream stream = streams.get(id);
      if (stream != null) {
        stream.sendWindow += more;
      }
    }
    notifyAll();
  }

  /** The server takes no new streams, and none after the last; for the reader. */
  void goAway(int last) {
    List<Http2Stream> refused;
    synchronized (this) {
      noNewCalls = true;
      refused = streams.endAfter(last);
    }
    Status why = Status.UNAVAILABLE.withDescription("the server is going away");
    refused.forEach(stream -> stream.receiver.failed(why));
  }
}
