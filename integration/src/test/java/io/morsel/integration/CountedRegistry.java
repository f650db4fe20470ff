package io.morsel.integration;

import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Links;
import io.morsel.bench.net.Net;
import io.morsel.bench.net.Traffic;
import java.nio.file.Path;

/** Debian's docker-registry on loopback, behind a {@link Link} that counts. */
final class CountedRegistry implements AutoCloseable {
  private final DockerRegistry registry;
  private final Link link;

  private CountedRegistry(DockerRegistry registry, Link link) {
    this.registry = registry;
    this.link = link;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static CountedRegistry start(Path directory) {
    DockerRegistry registry = DockerRegistry.start(directory.resolve("storage"), directory);
    try {
      return new CountedRegistry(registry, Links.open(Net.LOCAL, registry.port()));
    } catch (HostException e) {
      registry.close();
      throw e;
    }
  }

  /** The name under which clients reach it: through the link, counted. */
  String host() {
    return "localhost:" + link.port();
  }

  /** What clients moved through it so far: what a request in flight has moved is counted too. */
  Traffic traffic() {
    return link.traffic();
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
    link.close();
    registry.close();
  }
}
