package io.morsel.integration;

import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Debian's docker-registry on loopback, as a cache of another registry. */
final class PullThroughRegistry implements AutoCloseable {
  private final Daemon daemon;
  private final int port;

  private PullThroughRegistry(Daemon daemon, int port) {
    this.daemon = daemon;
    this.port = port;
  }

  /** Starts a registry that keeps in {@code directory} what it gets from {@code upstream}. */
  static PullThroughRegistry start(Path directory, String upstream) {
    try {
      Files.createDirectories(directory);
      int port = Http.freePort();
      Path config =
          Files.writeString(
              directory.resolve("registry.yml"),
              """
              version: 0.1
              log: {level: error, accesslog: {disabled: true}}
              storage: {filesystem: {rootdirectory: "%s"}}
              http: {addr: "127.0.0.1:%d", secret: for-tests}
              proxy: {remoteurl: "http://%s"}
              """
                  .formatted(directory.resolve("storage"), port, upstream));
      return new PullThroughRegistry(
          Daemon.start(
              "docker-registry",
              directory.resolve("registry.log"),
              Map.of("OTEL_TRACES_EXPORTER", "none"),
              List.of("docker-registry", "serve", config.toString()),
              () -> Http.ok("http://127.0.0.1:" + port + "/v2/")),
          port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Host and port. */
  String host() {
    return "localhost:" + port;
  }

  @Override
  public void close() {
    daemon.close();
  }
}
