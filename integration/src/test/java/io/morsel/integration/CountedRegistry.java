package io.morsel.integration;

import io.morsel.bench.host.DockerRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Debian's docker-registry on loopback, behind a {@link CountingProxy}. */
final class CountedRegistry implements AutoCloseable {
  private final DockerRegistry registry;
  private final CountingProxy proxy;

  private CountedRegistry(DockerRegistry registry, CountingProxy proxy) {
    this.registry = registry;
    this.proxy = proxy;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static CountedRegistry start(Path directory) {
    DockerRegistry registry = DockerRegistry.start(directory.resolve("storage"), directory);
    try {
      return new CountedRegistry(registry, CountingProxy.start(registry.port()));
    } catch (IOException e) {
      registry.close();
      throw new UncheckedIOException(e);
    }
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
    return registry.blobFile(digest);
  }

  /** Ends the server; what clients ask then is refused at once. */
  void stop() {
    registry.stop();
  }

  /** Starts the server again on the same port and the same storage. */
  void restart() {
    registry.restart();
  }

  @Override
  public void close() {
    proxy.close();
    registry.close();
  }
}
