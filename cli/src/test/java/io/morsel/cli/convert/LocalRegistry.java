package io.morsel.cli.convert;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Debian's docker-registry on a free loopback port. */
final class LocalRegistry implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/bin/docker-registry");

  private final Process process;
  private final int port;

  private LocalRegistry(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts it with its storage in this directory, or skips the test where it is not installed. */
  static LocalRegistry start(Path directory) throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.isExecutable(PROGRAM), "docker-registry is not installed");
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Path config =
        Files.writeString(
            directory.resolve("config.yml"),
            """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: %s}}
            http: {addr: "127.0.0.1:%d", secret: for-tests}
            """
                .formatted(directory.resolve("storage"), port));
    Path log = directory.resolve("registry.log");
    LocalRegistry registry =
        new LocalRegistry(
            new ProcessBuilder(PROGRAM.toString(), "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start(),
            port);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!registry.isListening()) {
      if (registry.process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
        registry.close();
        throw new IOException("docker-registry does not listen: " + Files.readString(log));
      }
    }
    return registry;
  }

  private boolean isListening() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Host and port, as in references. */
  String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
