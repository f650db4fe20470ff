package io.morsel.integration;

import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Debian's docker-registry on loopback, which wants a name and a password. */
final class SecretRegistry implements AutoCloseable {
  static final String USER = "user";
  static final String PASSWORD = "secret";

  /** The same two as a line of a password file, by bcrypt. */
  private static final String LINE =
      "user:$2b$04$cS5PidttFxWtNoyQhGQtxOsUOin12fLcAn5sLSjHCAQjdMgMpVmpy";

  private final Daemon daemon;
  private final int port;

  private SecretRegistry(Daemon daemon, int port) {
    this.daemon = daemon;
    this.port = port;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static SecretRegistry start(Path directory) {
    try {
      Files.createDirectories(directory);
      int port = Http.freePort();
      Path passwords = Files.writeString(directory.resolve("htpasswd"), LINE + "\n");
      Path config =
          Files.writeString(
              directory.resolve("registry.yml"),
              """
              version: 0.1
              log: {level: error, accesslog: {disabled: true}}
              storage: {filesystem: {rootdirectory: "%s"}}
              http: {addr: "127.0.0.1:%d", secret: for-tests}
              auth: {htpasswd: {realm: test, path: "%s"}}
              """
                  .formatted(directory.resolve("storage"), port, passwords));
      return new SecretRegistry(
          Daemon.start(
              "docker-registry",
              directory.resolve("registry.log"),
              Map.of("OTEL_TRACES_EXPORTER", "none"),
              List.of("docker-registry", "serve", config.toString()),
              () -> isListening(port)),
          port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isListening(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Host and port, the way a reference to an image begins. */
  String host() {
    return "localhost:" + port;
  }

  @Override
  public void close() {
    daemon.close();
  }
}
