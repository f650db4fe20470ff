package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.transfertypes.OCIRegistry;
import io.morsel.containerd.api.transfertypes.RegistryResolver;
import io.morsel.registry.Credentials;
import io.morsel.registry.ImageReference;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistrySettings;
import io.morsel.registry.RequestHeaders;
import io.morsel.registry.TransferListener;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.streaming.Streams;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes clients of registries, as each transfer asks for them: with the credentials that its caller
 * has, or else with the core's own. Safe for use by many threads.
 */
public final class Registries {
  private final RegistrySettings settings;
  private final Credentials credentials;

  /**
   * Clients with these settings.
   *
   * @param credentials for transfers that bring none
   */
  public Registries(RegistrySettings settings, Credentials credentials) {
    this.settings = settings;
    this.credentials = credentials;
  }

  /**
   * A client for the registry of one image.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where reference, headers or scheme are
   *     malformed; of class NOT_IMPLEMENTED where the registry is configured to be reached
   *     otherwise than by its name
   */
  RegistryClient open(OCIRegistry registry, String namespace, Streams streams)
      throws ContainerdException {
    ImageReference reference = reference(registry);
    RegistryResolver resolver = registry.getResolver();
    refuseHosts(resolver.getHostDir(), reference);
    Credentials asked =
        resolver.getAuthStream().isEmpty()
            ? credentials
            : new AuthStream(streams.get(namespace, resolver.getAuthStream()), reference);
    return new RegistryClient(settings(resolver, reference), asked, TransferListener.NONE);
  }

  /** The image that is meant. */
  static ImageReference reference(OCIRegistry registry) throws ContainerdException {
    try {
      return ImageReference.parse(registry.getReference());
    } catch (IllegalArgumentException e) {
      throw invalid(e);
    }
  }

  private RegistrySettings settings(RegistryResolver resolver, ImageReference reference)
      throws ContainerdException {
    RegistrySettings result = settings;
    switch (resolver.getDefaultScheme()) {
      case "", "https" -> {}
      case "http" -> {
        Set<String> hosts = new HashSet<>(settings.plainHttpHosts());
        hosts.add(reference.registry());
        result = result.withPlainHttpHosts(hosts);
      }
      default ->
          throw new ContainerdException(
              ErrorClass.INVALID_ARGUMENT,
              "default_scheme "
                  + GoText.quote(resolver.getDefaultScheme())
                  + " is neither \"http\" nor \"https\"");
    }
    try {
      return result.withHeaders(RequestHeaders.of(resolver.getHeadersMap()));
    } catch (IllegalArgumentException e) {
      throw invalid(e);
    }
  }

  /** A directory that has nothing on this registry changes nothing, as with containerd. */
  private static void refuseHosts(String hostDir, ImageReference reference)
      throws ContainerdException {
    if (hostDir.isEmpty()) {
      return;
    }
    String registry = reference.registry();
    try {
      for (String name : List.of(registry, registry.replace(':', '_') + "_", "_default")) {
        Path file = Path.of(hostDir, name, "hosts.toml");
        if (Files.exists(file)) {
          throw new ContainerdException(
              ErrorClass.NOT_IMPLEMENTED,
              "registries are reached by their own names only, and "
                  + file
                  + " says otherwise; leave host_dir out, or name the mirror in the reference");
        }
      }
    } catch (InvalidPathException e) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "host_dir " + GoText.quote(hostDir) + " is no path", e);
    }
  }

  private static ContainerdException invalid(IllegalArgumentException e) {
    return new ContainerdException(ErrorClass.INVALID_ARGUMENT, String.valueOf(e.getMessage()), e);
  }
}
