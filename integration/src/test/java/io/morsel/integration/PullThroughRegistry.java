package io.morsel.integration;

import io.morsel.bench.host.DockerRegistry;
import java.nio.file.Path;

/** A docker-registry that is a cache of another registry. */
final class PullThroughRegistry implements AutoCloseable {
  private final DockerRegistry registry;

  private PullThroughRegistry(DockerRegistry registry) {
    this.registry = registry;
  }

  /** Starts a registry that keeps in {@code directory} what it gets from {@code upstream}. */
  static PullThroughRegistry start(Path directory, String upstream) {
    return new PullThroughRegistry(
        DockerRegistry.start(
            directory.resolve("storage"),
            directory,
            "proxy: {remoteurl: \"http://%s\"}\n".formatted(upstream)));
  }

  /** Host and port. */
  String host() {
    return registry.host();
  }

  @Override
  public void close() {
    registry.close();
  }
}
