package io.morsel.containerd;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to a gRPC server on a Unix socket, such as containerd.
 *
 * <p>It connects on the first call, and again where the connection breaks. It is made of little,
 * for commands that are over in a moment: gRPC's own client over Netty takes ten times as long to
 * start as all calls that a small command makes. Calls are uncompressed and never tried again, and
 * there is no waiting for a server that is not ready. Safe for use by many threads.
 */
public final class UnixChannel implements AutoCloseable {
  /** A socket's path is no valid authority, and servers written in Rust refuse it. */
  static final String AUTHORITY = "localhost";

  private final Connector connector;
  private final Channel channel;

  private UnixChannel(Connector connector) {
    this.connector = connector;
    this.channel = new Calls(connector);
  }

  /** A connection to the server on {@code socket}; calls fail with UNAVAILABLE while it is gone. */
  public static UnixChannel open(Path socket) {
    return new UnixChannel(new Connector(socket));
  }

  /**
   * The same, connected.
   *
   * @throws IOException if nobody listens there, or this user may not connect
   */
  public static UnixChannel connect(Path socket) throws IOException {
    Connector connector = new Connector(socket);
    connector.connect();
    return new UnixChannel(connector);
  }

  /** The channel to make stubs on. */
  public Channel channel() {
    return channel;
  }

  /** The channel with interceptors, such as {@link CallHeaders#namespace}. */
  public Channel channel(ClientInterceptor... interceptors) {
    return ClientInterceptors.intercept(channel, interceptors);
  }

  /** Ends the connection; calls under way fail. */
  @Override
  public void close() {
    connector.close();
  }

  /** The connection of the moment. */
  static final class Connector {
    private final Path socket;
    private @Nullable Http2Connection current;
    private boolean closed;

    private Connector(Path socket) {
      this.socket = socket;
    }

    /**
     * One that takes calls.
     *
     * @throws IOException if there is none; the message says so
     */
    synchronized Http2Connection connection() throws IOException {
      try {
        return connect();
      } catch (IOException e) {
        throw new IOException("can't connect to socket " + socket + ": " + e.getMessage(), e);
      }
    }

    private synchronized Http2Connection connect() throws IOException {
      if (closed) {
        throw new IOException("this client has been closed");
      }
      if (current == null || !current.isOpen()) {
        current = Http2Connection.open(socket);
      }
      return current;
    }

    private synchronized void close() {
      closed = true;
      if (current != null) {
        current.close(Status.UNAVAILABLE.withDescription("this client has been closed"));
      }
    }
  }

  private static final class Calls extends Channel {
    private static final Executor VIRTUAL =
        call -> Thread.ofVirtual().name("grpc-client-call").start(call);

    private final Connector connector;

    Calls(Connector connector) {
      this.connector = connector;
    }

    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
      Executor executor = options.getExecutor();
      return new UnixCall<>(connector, method, options, executor == null ? VIRTUAL : executor);
    }

    @Override
    public String authority() {
      return AUTHORITY;
    }
  }
}
