package io.morsel.containerd;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * A gRPC server on a Unix socket that only its owner may connect to.
 *
 * <p>Every call runs on a virtual thread, so that services may block.
 */
public final class UnixServer implements AutoCloseable {
  /** The longest message accepted, as containerd has it. */
  public static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final SocketFile socket;
  private final EventLoopGroup eventLoops;
  private final Server server;

  private UnixServer(SocketFile socket, EventLoopGroup eventLoops, Server server) {
    this.socket = socket;
    this.eventLoops = eventLoops;
    this.server = server;
  }

  /**
   * Serves {@code services} on {@code path}; once this returns, clients can connect.
   *
   * <p>The directory is made where it is missing. A socket that nobody listens on is replaced.
   *
   * @param interceptors called for every call of every service, the first one outermost
   * @throws IOException if the path is too long, is not a socket, or another server listens there
   */
  public static UnixServer start(
      Path path, List<ServerServiceDefinition> services, List<ServerInterceptor> interceptors)
      throws IOException {
    SocketFile socket = SocketFile.reserve(path);
    EventLoopGroup eventLoops =
        new MultiThreadIoEventLoopGroup(
            2, new DefaultThreadFactory("grpc-server", true), EpollIoHandler.newFactory());
    ThreadFactory threads = Thread.ofVirtual().name("grpc-call-", 0).factory();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(
                new DomainSocketAddress(socket.bindPath().toString()),
                InsecureServerCredentials.create())
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(eventLoops)
            .workerEventLoopGroup(eventLoops)
            // Not an executor that is shut down: the last callbacks of a call come when the server
            // has
            // ended, and gRPC would log that they are refused.
            .executor(call -> threads.newThread(call).start())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    // The last interceptor that is added is the first that is called.
    for (ServerInterceptor interceptor : interceptors.reversed()) {
      builder.intercept(interceptor);
    }
    builder.addServices(services);
    Server server = builder.build();
    UnixServer result = new UnixServer(socket, eventLoops, server);
    try {
      server.start();
      FirstHandshake.with(socket.bindPath());
      socket.publish();
      return result;
    } catch (IOException e) {
      result.close();
      throw new IOException("can't listen on socket " + path + ": " + rootMessage(e), e);
    } catch (RuntimeException e) {
      result.close();
      throw e;
    }
  }

  /**
   * Accepts no more calls and waits for those under way; then closes.
   *
   * @return whether all calls ended in time
   */
  public boolean stop(Duration grace) throws InterruptedException {
    server.shutdown();
    boolean ended = server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS);
    close();
    return ended;
  }

  /** Ends all calls at once and removes the socket. */
  @Override
  public void close() {
    socket.remove();
    server.shutdownNow();
    try {
      server.awaitTermination(CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var _ = eventLoops.shutdownGracefully(0, CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static String rootMessage(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage();
    return message == null ? root.getClass().getSimpleName() : message;
  }
}
