package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Debian's docker-registry on loopback, without TLS, on a storage directory that outlives it. For
 * one thread.
 */
public final class DockerRegistry implements AutoCloseable {
  private final Path config;
  private final Path log;
  private final Path storage;
  private final int port;
  private Daemon daemon;

  private DockerRegistry(Path config, Path log, Path storage, int port) {
    this.config = config;
    this.log = log;
    this.storage = storage;
    this.port = port;
    this.daemon = launch();
  }

  /**
   * Starts a registry on a free port.
   *
   * @param storage where it keeps everything; may hold images already
   * @param work where its configuration and its log go
   * @throws HostException if it does not get ready; its log is in the message
   */
  public static DockerRegistry start(Path storage, Path work) {
    return start(storage, work, "");
  }

  /**
   * The same, configured further.
   *
   * @param more what else its configuration says, in YAML
   */
  public static DockerRegistry start(Path storage, Path work, String more) {
    try {
      Files.createDirectories(storage);
      Files.createDirectories(work);
      int port = Http.freePort();
      Path config = work.resolve("registry.yml");
      Files.writeString(config, configuration(storage, port) + more);
      return new DockerRegistry(config, work.resolve("registry.log"), storage, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String configuration(Path storage, int port) {
    return """
    version: 0.1
    log: {level: info, formatter: text, accesslog: {disabled: true}}
    storage: {filesystem: {rootdirectory: "%s"}, delete: {enabled: true}}
    http: {addr: "127.0.0.1:%d"}
    """
        .formatted(storage.toAbsolutePath(), port);
  }

  private Daemon launch() {
    return Daemon.start(
        "docker-registry",
        log,
        Map.of("OTEL_TRACES_EXPORTER", "none"),
        List.of("docker-registry", "serve", config.toString()),
        this::isReady);
  }

  /** One that wants to know who asks is ready, too. */
  private boolean isReady() {
    try {
      int status = Http.get("http://127.0.0.1:" + port + "/v2/").statusCode();
      return status == 200 || status == 401;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** The port on loopback. */
  public int port() {
    return port;
  }

  /** Host and port, the way a reference to an image begins. */
  public String host() {
    return "localhost:" + port;
  }

  /** The process id of the server that runs now. */
  public long pid() {
    return daemon.pid();
  }

  /** The file in which it keeps a blob's bytes. */
  public Path blobFile(String digest) {
    String hex = digest.substring("sha256:".length());
    return storage.resolve(
        "docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
  }

  /** How many answers it has logged so far: each when it has been sent, or has broken off. */
  public long answers() {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
      return lines.filter(line -> line.contains("response completed")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the server; what clients ask then is refused at once. */
  public void stop() {
    daemon.close();
  }

  /** Starts the server again on the same port and the same storage. */
  public void restart() {
    daemon = launch();
  }

  /**
   * Deletes the blobs and manifests that no tag leads to any more, from the storage of a registry
   * that does not run.
   */
  public static void collectGarbage(Path storage, Path work) {
    try {
      Path config = work.resolve("garbage.yml");
      Files.writeString(config, configuration(storage, 0));
      Command.of("docker-registry", "garbage-collect", "--delete-untagged", config)
          .with("OTEL_TRACES_EXPORTER", "none")
          .within(Duration.ofMinutes(10))
          .succeed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the server, where it still runs. */
  @Override
  public void close() {
    if (daemon.isAlive()) {
      daemon.close();
    }
  }
}
