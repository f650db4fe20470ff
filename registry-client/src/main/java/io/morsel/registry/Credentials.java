package io.morsel.registry;

import java.io.IOException;

/** Where credentials for registries come from; safe for use by many threads. */
@FunctionalInterface
public interface Credentials {
  /**
   * The credential for a registry.
   *
   * @param registry the registry's name as in references: host, or host:port; {@code docker.io} for
   *     Docker Hub
   * @return {@link Credential.Anonymous} where there is none
   * @throws IOException if the place where credentials are kept cannot be read
   */
  Credential find(String registry) throws IOException;

  /** No credentials for any registry. */
  static Credentials anonymous() {
    return registry -> new Credential.Anonymous();
  }

  /** These ones, and where they have none for a registry, the other ones. */
  default Credentials orElse(Credentials other) {
    return registry -> {
      Credential credential = find(registry);
      return credential instanceof Credential.Anonymous ? other.find(registry) : credential;
    };
  }
}
