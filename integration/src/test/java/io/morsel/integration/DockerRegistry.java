package io.morsel.integration;

import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Debian's docker-registry on loopback, behind a {@link CountingProxy}. */
final class DockerRegistry implements AutoCloseable {
  private final Path directory;
  private final CountingProxy proxy;
  private final int port;
  private Daemon daemon;

  private DockerRegistry(Path directory, CountingProxy proxy, int port, Daemon daemon) {
    this.directory = directory;
    this.proxy = proxy;
    this.port = port;
    this.daemon = daemon;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static DockerRegistry start(Path directory) {
    try {
      Files.createDirectories(directory);
      int port = Http.freePort();
      return new DockerRegistry(
          directory, CountingProxy.start(port), port, launch(directory, port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Daemon launch(Path directory, int port) throws IOException {
    Path config = directory.resolve("config.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: warn, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
        http: {addr: "127.0.0.1:%d"}
        """
            .formatted(directory.resolve("storage"), port));
    return Daemon.start(
        "docker-registry",
        directory.resolve("registry.log"),
        Map.of("OTEL_TRACES_EXPORTER", "none"),
        List.of("docker-registry", "serve", config.toString()),
        () -> Http.ok("http://127.0.0.1:" + port + "/v2/"));
  }

  /** The name under which clients reach it: through the proxy, counted. */
  String host() {
    return "localhost:" + proxy.port();
  }

  /** What clients moved through it. */
  CountingProxy traffic() {
    return proxy;
  }

  /** The file in which the registry keeps a blob's bytes. */
  Path blobFile(String digest) {
    String hex = digest.substring("sha256:".length());
    return directory.resolve(
        "storage/docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
  }

  /** Ends the server; what clients ask then is refused at once. */
  void stop() {
    daemon.close();
  }

  /** Starts the server again on the same port and the same storage. */
  void restart() {
    try {
      daemon = launch(directory, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    proxy.close();
    if (daemon.isAlive()) {
      daemon.close();
    }
  }
}
