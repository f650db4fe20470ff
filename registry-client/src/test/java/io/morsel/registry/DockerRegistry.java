package io.morsel.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Debian's docker-registry on a free loopback port, with its storage in a directory. */
final class DockerRegistry implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/bin/docker-registry");

  private final Process process;
  private final int port;

  private DockerRegistry(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts it, or skips the test where it is not installed.
   *
   * @param htpasswd a line of a password file with a bcrypt hash; empty for no authentication
   */
  static DockerRegistry start(Path directory, String htpasswd)
      throws IOException, InterruptedException {
    return start(directory, htpasswd, "");
  }

  /**
   * Starts it with TLS.
   *
   * @param tls further lines of the configuration: what {@code http} has below {@code tls}
   */
  static DockerRegistry startWithTls(Path directory, String tls)
      throws IOException, InterruptedException {
    return start(directory, "", "  tls:\n" + tls.indent(4));
  }

  private static DockerRegistry start(Path directory, String htpasswd, String http)
      throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.isExecutable(PROGRAM), "docker-registry is not installed");
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String config =
        """
        version: 0.1
        log:
          level: error
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: %s
        http:
          addr: 127.0.0.1:%d
          secret: for-tests
        """
                .formatted(directory.resolve("storage"), port)
            + http;
    if (!htpasswd.isEmpty()) {
      Path file = Files.writeString(directory.resolve("htpasswd"), htpasswd + "\n");
      config += "auth:\n  htpasswd:\n    realm: test\n    path: " + file + "\n";
    }
    Path configFile = Files.writeString(directory.resolve("config.yml"), config);
    Process process =
        new ProcessBuilder(PROGRAM.toString(), "serve", configFile.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("registry.log").toFile())
            .start();
    DockerRegistry registry = new DockerRegistry(process, port);
    try {
      registry.awaitListening(directory);
    } catch (IOException | InterruptedException | RuntimeException e) {
      registry.close();
      throw e;
    }
    return registry;
  }

  private void awaitListening(Path directory) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
          String output = Files.readString(directory.resolve("registry.log"));
          throw new IOException("docker-registry does not listen: " + output, e);
        }
      }
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
