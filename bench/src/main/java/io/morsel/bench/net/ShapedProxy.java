package io.morsel.bench.net;

import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A link made of a TCP proxy in this process. Safe for use by many threads.
 *
 * <p>Its model of a network, in each direction:
 *
 * <ul>
 *   <li>One line of the given rate, which counts what TCP carries and not its headers. The
 *       connections that have something to send take turns on it, a quantum of 0.2 ms each, at
 *       least a segment and at most 16 KiB, as fair queueing would have it.
 *   <li>A delay of half a round trip. A new connection's first byte waits for one round trip more.
 *   <li>A window for each connection: of twice what the line and the round trip hold, or with slow
 *       start as {@link Window} says.
 *   <li>Losses, drawn for each segment: the connection stalls for a round trip, and with slow start
 *       its window is halved.
 *   <li>What can't go on pushes back on its sender: of a connection, no more than a window and 4 ms
 *       of the line's rate is held here.
 * </ul>
 *
 * <p>It leaves out: queues that overflow, acknowledgements' share of the line, jitter, reordering,
 * and what else real congestion control does. A network without any shaping is passed on as fast as
 * can be.
 */
final class ShapedProxy implements Link {
  private static final int BACKLOG = 1024;

  /** Small, so that what a shaped link holds is held where it is counted. */
  private static final int SOCKET_BUFFER_BYTES = 256 << 10;

  private static final int SMALL_BYTES = 32 << 10;

  /** System calls are what a bulk transfer costs: few large ones. */
  private static final int LARGE_BYTES = 1 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(ShapedProxy.class);

  private record Lines(Pacer up, Pacer down) implements AutoCloseable {
    static Lines of(Shape shape) {
      return new Lines(Pacer.start("pacer-up", shape), Pacer.start("pacer-down", shape));
    }

    @Override
    public void close() {
      up.close();
      down.close();
    }
  }

  private final ServerSocketChannel listener;
  private final InetSocketAddress target;
  private final @Nullable Lines lines;
  private final TrafficCounter counter = new TrafficCounter();
  private final Set<Ends> connections = ConcurrentHashMap.newKeySet();
  private final BufferPool small = new BufferPool(SMALL_BYTES);
  private final BufferPool large = new BufferPool(LARGE_BYTES);

  /**
   * Platform threads, kept for the next connection: the kernel wakes them in half the time that a
   * virtual one takes, and they share no carriers with those who measure. Unused ones end after a
   * minute, also when the link has been closed.
   */
  private final ExecutorService threads;

  private volatile boolean closed;
  private volatile @Nullable ExchangeLog log;

  private ShapedProxy(
      ServerSocketChannel listener, InetSocketAddress target, @Nullable Lines lines) {
    this.listener = listener;
    this.target = target;
    this.lines = lines;
    ThreadFactory factory = Thread.ofPlatform().daemon().name("link-", 0).factory();
    this.threads =
        Executors.newCachedThreadPool(lines == null ? factory : work -> precise(factory, work));
  }

  private static Thread precise(ThreadFactory factory, Runnable work) {
    return factory.newThread(
        () -> {
          Linux.wakePrecisely();
          work.run();
        });
  }

  /**
   * A proxy on a free port of loopback.
   *
   * @param target the server; need not be there yet
   * @throws HostException if no port can be had
   */
  static ShapedProxy open(Net net, InetSocketAddress target) {
    try {
      ServerSocketChannel listener = ServerSocketChannel.open();
      return open(
          net, listener, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), target);
    } catch (IOException e) {
      throw new HostException("can't listen on loopback: " + e.getMessage(), e);
    }
  }

  /**
   * A proxy on a socket that the caller has made.
   *
   * @param listener is closed with the link, or if this fails
   */
  static ShapedProxy open(
      Net net, ServerSocketChannel listener, InetSocketAddress address, InetSocketAddress target)
      throws IOException {
    try {
      if (net.isShaped()) {
        listener.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
      }
      listener.bind(address, BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw e;
    }
    ShapedProxy proxy =
        new ShapedProxy(listener, target, net.isShaped() ? Lines.of(Shape.of(net)) : null);
    Thread.ofPlatform().daemon().name("link-accept").start(proxy::accept);
    return proxy;
  }

  @Override
  public int port() {
    return listener.socket().getLocalPort();
  }

  @Override
  public Traffic traffic() {
    return counter.traffic();
  }

  @Override
  public void watch(ExchangeLog log) {
    this.log = log;
  }

  private void accept() {
    try {
      while (!closed) {
        SocketChannel client = listener.accept();
        long acceptedNanos = System.nanoTime();
        counter.connected();
        // What serves a connection first makes it, so that a slow server delays nobody else.
        Runnable serve = () -> serve(client, acceptedNanos);
        threads.execute(serve);
      }
    } catch (IOException e) {
      if (!closed) {
        LOG.warn("a link can't accept connections any more and is closed: {}", e.getMessage());
        close();
      }
    }
  }

  private void serve(SocketChannel client, long acceptedNanos) {
    SocketChannel server;
    try {
      server = connect(client);
    } catch (IOException e) {
      LOG.debug("a link's server {} can't be reached: {}", target, e.getMessage());
      Ends.reset(client);
      return;
    }
    Ends ends = new Ends(client, server);
    connections.add(ends);
    ends.onClose(() -> connections.remove(ends));
    Conversation conversation = new Conversation(counter, log);
    if (closed) {
      ends.abort();
    } else if (lines == null) {
      new DirectRelay(ends, conversation, threads, small, large).run();
    } else {
      new ShapedRelay(ends, conversation, lines.up(), lines.down(), small, threads, acceptedNanos)
          .run();
    }
  }

  private SocketChannel connect(SocketChannel client) throws IOException {
    client.setOption(StandardSocketOptions.TCP_NODELAY, true);
    SocketChannel server = SocketChannel.open();
    try {
      server.setOption(StandardSocketOptions.TCP_NODELAY, true);
      if (lines != null) {
        client.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
        server.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
        server.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
      }
      server.connect(target);
      return server;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      listener.close();
    } catch (IOException e) {
      LOG.debug("closing a listener: {}", e.getMessage());
    }
    connections.forEach(Ends::abort);
    if (lines != null) {
      lines.close();
    }
  }
}
