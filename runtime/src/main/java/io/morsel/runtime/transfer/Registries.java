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
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
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
   *     malformed, or the directory of the registries' hosts is no absolute path
   */
  RegistryClient open(OCIRegistry registry, String namespace, Streams streams)
      throws ContainerdException {
    ImageReference reference = reference(registry);
    RegistryResolver resolver = registry.getResolver();
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
    RegistrySettings result = withHosts(settings, resolver.getHostDir());
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

  /** The directory that the caller names, in place of the core's own. */
  private static RegistrySettings withHosts(RegistrySettings settings, String hostDir)
      throws ContainerdException {
    if (hostDir.isEmpty()) {
      return settings;
    }
    try {
      Path directory = Path.of(hostDir);
      if (directory.isAbsolute()) {
        return settings.withHostsDirectory(directory);
      }
    } catch (InvalidPathException e) {
      throw noHosts(hostDir, "is no path");
    }
    // The core does not know in which directory its caller is.
    throw noHosts(hostDir, "is no absolute path");
  }

  private static ContainerdException noHosts(String hostDir, String why) {
    return new ContainerdException(
        ErrorClass.INVALID_ARGUMENT, "host_dir " + GoText.quote(hostDir) + " " + why);
  }

  private static ContainerdException invalid(IllegalArgumentException e) {
    return new ContainerdException(ErrorClass.INVALID_ARGUMENT, String.valueOf(e.getMessage()), e);
  }
}
