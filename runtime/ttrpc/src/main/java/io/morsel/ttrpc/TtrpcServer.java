package io.morsel.ttrpc;

import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A ttrpc server on a Unix socket. Each call is handled on a virtual thread of its own, so that
 * handlers may block.
 */
public final class TtrpcServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TtrpcServer.class);

  private final UnixListener listener;
  private final Map<String, Map<String, Registration>> services;
  private final Limits limits;
  private final Semaphore free;
  private final Set<ServerConnection> connections = ConcurrentHashMap.newKeySet();
  private final ScheduledThreadPoolExecutor deadlines;
  private volatile boolean stopping;

  private TtrpcServer(
      UnixListener listener, Map<String, Map<String, Registration>> services, Limits limits) {
    this.listener = listener;
    this.services = services;
    this.limits = limits;
    this.free = new Semaphore(limits.connections());
    this.deadlines =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("ttrpc-deadlines").factory());
    deadlines.setRemoveOnCancelPolicy(true);
  }

  /** A server to be, with no methods yet. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects a server's methods. For one thread. */
  public static final class Builder {
    private final Map<String, Map<String, Registration>> services = new HashMap<>();
    private Limits limits = Limits.DEFAULT;

    private Builder() {}

    /** Serves a unary method. */
    public <Q extends MessageLite, A extends MessageLite> Builder unary(
        TtrpcMethod<Q, A> method, UnaryHandler<Q, A> handler) {
      if (method.kind() != TtrpcMethod.Kind.UNARY) {
        throw new IllegalArgumentException(method + " is not unary");
      }
      return add(new Registration.Unary<>(method, handler));
    }

    /** Serves a method that has a stream on either side. */
    public <Q extends MessageLite, A extends MessageLite> Builder stream(
        TtrpcMethod<Q, A> method, StreamHandler<Q, A> handler) {
      if (method.kind() == TtrpcMethod.Kind.UNARY) {
        throw new IllegalArgumentException(method + " is unary");
      }
      return add(new Registration.Streaming<>(method, handler));
    }

    private Builder add(Registration registration) {
      TtrpcMethod<?, ?> method = registration.method();
      Registration before =
          services
              .computeIfAbsent(method.service(), _ -> new HashMap<>())
              .putIfAbsent(method.name(), registration);
      if (before != null) {
        throw new IllegalArgumentException(method + " is served already");
      }
      return this;
    }

    /** Holds clients to these limits instead of {@link Limits#DEFAULT}. */
    public Builder limits(Limits value) {
      limits = value;
      return this;
    }

    /**
     * Serves on a socket that only its owner may connect to; once this returns, clients can
     * connect. The directory must exist. A socket that nobody listens on is replaced.
     *
     * @throws IOException if the path can't be bound, is not a socket, or another server listens
     *     there
     */
    public TtrpcServer start(Path socket) throws IOException {
      return start(UnixListener.bind(socket));
    }

    /**
     * Serves on a socket that is bound already, in blocking mode, such as one that was inherited.
     * The server closes it in the end.
     */
    public TtrpcServer start(ServerSocketChannel bound) {
      return start(UnixListener.of(bound));
    }

    private TtrpcServer start(UnixListener listener) {
      Map<String, Map<String, Registration>> copy = new HashMap<>();
      services.forEach((name, methods) -> copy.put(name, Map.copyOf(methods)));
      TtrpcServer server = new TtrpcServer(listener, copy, limits);
      Thread.ofVirtual().name("ttrpc-accept").start(server::accept);
      return server;
    }
  }

  Limits limits() {
    return limits;
  }

  ScheduledThreadPoolExecutor deadlines() {
    return deadlines;
  }

  boolean stopping() {
    return stopping;
  }

  /**
   * What answers a method.
   *
   * @throws TtrpcException if there is no such service or method
   */
  Registration find(String service, String name) throws TtrpcException {
    Map<String, Registration> methods = services.get(service);
    if (methods == null) {
      throw new TtrpcException(StatusCode.UNIMPLEMENTED, "service " + service);
    }
    Registration registration = methods.get(name);
    if (registration == null) {
      throw new TtrpcException(StatusCode.UNIMPLEMENTED, "method " + name);
    }
    return registration;
  }

  /** A connection has ended. */
  void ended(ServerConnection connection) {
    if (connections.remove(connection)) {
      free.release();
    }
  }

  private void accept() {
    try {
      while (!stopping) {
        free.acquire();
        SocketChannel channel = listener.accept();
        ServerConnection connection = new ServerConnection(this, channel);
        connections.add(connection);
        if (stopping) {
          connection.close();
          return;
        }
        connection.start();
      }
    } catch (IOException e) {
      if (!stopping) {
        log.error("{}: no more connections are accepted: {}", listener, e.toString());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Accepts no more connections, refuses new calls with {@link StatusCode#UNAVAILABLE}, waits for
   * those under way and for their answers to be sent; then closes.
   *
   * @return whether all calls ended in time
   */
  public boolean stop(Duration grace) throws InterruptedException {
    Deadline deadline = Deadline.after(grace);
    stopping = true;
    listener.close();
    boolean ended = true;
    for (ServerConnection connection : connections) {
      ended &= connection.finish(deadline);
    }
    close();
    return ended;
  }

  /** Ends all calls and connections at once, interrupts their handlers, and removes the socket. */
  @Override
  public void close() {
    stopping = true;
    listener.close();
    for (ServerConnection connection : connections) {
      connection.close();
    }
    deadlines.shutdownNow();
  }
}
