package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Directories;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A service manager is told when a daemon is ready, and when it stops: sd_notify(3). */
class NotifyIT {
  private final List<String> told = new CopyOnWriteArrayList<>();
  private Path directory;
  private EventLoopGroup eventLoops;
  private Channel manager;

  @BeforeEach
  void listen() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    eventLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    manager =
        new Bootstrap()
            .group(eventLoops)
            .channel(EpollDomainDatagramChannel.class)
            .handler(
                new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                  @Override
                  protected void channelRead0(
                      ChannelHandlerContext context, DomainDatagramPacket packet) {
                    told.add(packet.content().toString(StandardCharsets.UTF_8));
                  }
                })
            .bind(new DomainSocketAddress(directory.resolve("notify").toString()))
            .syncUninterruptibly()
            .channel();
  }

  @AfterEach
  void stop() {
    manager.close().syncUninterruptibly();
    eventLoops.shutdownGracefully().syncUninterruptibly();
    Directories.delete(directory);
  }

  @ParameterizedTest
  @ValueSource(strings = {"serve", "core"})
  void readyAndStoppingAreTold(String command) {
    Path socket = directory.resolve("m.sock");
    List<String> words =
        new ArrayList<>(
            List.of(
                Node.CHECKOUT.resolve("morsel").toString(),
                command,
                "--config",
                config().toString(),
                "--root",
                directory.resolve("root").toString(),
                "--address",
                socket.toString()));
    if (command.equals("core")) {
      words.addAll(List.of("--state", directory.resolve("state").toString()));
    }
    Daemon daemon =
        Daemon.start(
            "morsel " + command,
            directory.resolve("log"),
            Map.of("NOTIFY_SOCKET", directory.resolve("notify").toString()),
            words,
            () -> !told.isEmpty());
    try {
      assertThat(told).containsExactly("READY=1\nMAINPID=" + daemon.pid());
      // Whoever waited for it can connect.
      assertThat(socket).exists();
    } finally {
      daemon.close();
    }
    Await.until("its end is told", Node.SOON, () -> told.size() > 1);
    assertThat(told).last().isEqualTo("STOPPING=1");
  }

  private Path config() {
    try {
      return Files.writeString(directory.resolve("config.toml"), "[metrics]\naddress = \"\"\n");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
