package io.morsel.registry;

import java.util.EnumSet;
import java.util.Set;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * A host that answers for a registry, as {@code hosts.toml} describes it.
 *
 * @param root the address that its repositories' addresses begin with, such as {@code
 *     https://mirror.example/v2/}; null for the registry under its own name
 * @param capabilities what it is trusted with
 * @param connection how it is connected to
 * @param headers further headers of requests to it
 */
record RegistryHost(
    @Nullable HttpUrl root,
    Set<Capability> capabilities,
    HostConnection connection,
    RequestHeaders headers) {
  /** What a host can be trusted with. */
  enum Capability {
    /** To have content, which is asked for by digest. */
    PULL,
    /** To say which digest a tag means, and what refers to an image. */
    RESOLVE,
    /** To be written to. */
    PUSH,
    /** To say what refers to an image. */
    REFERRERS
  }

  /** The registry under its own name, for everything. */
  static final RegistryHost ITSELF =
      new RegistryHost(
          null, EnumSet.allOf(Capability.class), HostConnection.DEFAULT, RequestHeaders.NONE);

  RegistryHost {
    capabilities = Set.copyOf(capabilities);
  }
}
