package io.morsel.containerd;

import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A client's connection to a gRPC server on a Unix socket, such as containerd.
 *
 * <p>It connects on the first call, and again where the connection breaks. Safe for use by many
 * threads.
 */
public final class UnixChannel implements AutoCloseable {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final EventLoopGroup eventLoops;
  private final ExecutorService executor;
  private final ManagedChannel channel;

  private UnixChannel(EventLoopGroup eventLoops, ExecutorService executor, ManagedChannel channel) {
    this.eventLoops = eventLoops;
    this.executor = executor;
    this.channel = channel;
  }

  /** A connection to the server on {@code socket}; calls fail with UNAVAILABLE while it is gone. */
  public static UnixChannel open(Path socket) {
    EventLoopGroup eventLoops =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("grpc-client", true), EpollIoHandler.newFactory());
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(
                new DomainSocketAddress(socket.toString()), InsecureChannelCredentials.create())
            .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
            .eventLoopGroup(eventLoops)
            .executor(executor)
            // A socket's path is no valid authority, and servers written in Rust refuse it.
            .overrideAuthority("localhost")
            .maxInboundMessageSize(UnixServer.MAX_MESSAGE_BYTES)
            .build();
    return new UnixChannel(eventLoops, executor, channel);
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
    channel.shutdownNow();
    try {
      channel.awaitTermination(CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var _ = eventLoops.shutdownGracefully(0, CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    executor.shutdown();
  }
}
