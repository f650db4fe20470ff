package io.morsel.integration;

import io.morsel.bench.host.DockerRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A docker-registry that wants a name and a password. */
final class SecretRegistry implements AutoCloseable {
  static final String USER = "user";
  static final String PASSWORD = "secret";

  /** The same two as a line of a password file, by bcrypt. */
  private static final String LINE =
      "user:$2b$04$cS5PidttFxWtNoyQhGQtxOsUOin12fLcAn5sLSjHCAQjdMgMpVmpy";

  private final DockerRegistry registry;

  private SecretRegistry(DockerRegistry registry) {
    this.registry = registry;
  }

  /** Starts a registry that keeps everything in {@code directory}. */
  static SecretRegistry start(Path directory) {
    try {
      Files.createDirectories(directory);
      Path passwords = Files.writeString(directory.resolve("htpasswd"), LINE + "\n");
      return new SecretRegistry(
          DockerRegistry.start(
              directory.resolve("storage"),
              directory,
              "auth: {htpasswd: {realm: test, path: \"%s\"}}\n".formatted(passwords)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Host and port, the way a reference to an image begins. */
  String host() {
    return registry.host();
  }

  @Override
  public void close() {
    registry.close();
  }
}
