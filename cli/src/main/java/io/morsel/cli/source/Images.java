package io.morsel.cli.source;

import io.morsel.cli.terminal.CommandException;
import io.morsel.registry.DockerConfigCredentials;
import io.morsel.registry.ImageReference;
import io.morsel.registry.ImageSource;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistrySettings;
import io.morsel.registry.TransferListener;
import io.morsel.snapshotter.ConfigException;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Images as users name them, and where they are read from. */
public final class Images {
  private Images() {}

  /**
   * Reads a reference.
   *
   * @throws CommandException with exit code 2 if it is malformed
   */
  public static ImageReference reference(String text) throws CommandException {
    try {
      return ImageReference.parse(text);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage(String.valueOf(malformed.getMessage()));
    }
  }

  /**
   * Reads a platform; null means this machine's.
   *
   * @throws CommandException with exit code 2 if it is malformed
   */
  public static Platform platform(@Nullable String text) throws CommandException {
    if (text == null) {
      return Platform.current();
    }
    try {
      return Platform.parse(text);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage(String.valueOf(malformed.getMessage()));
    }
  }

  /**
   * Where the mirrors of registries are configured: the directory that was named, or what Morsel's
   * configuration says; null for nowhere.
   *
   * @param named the directory that was named; null where none was
   * @param config the configuration that was named; null for the default one
   * @throws CommandException with exit code 2 if what was named is no directory; of failure if the
   *     configuration is not valid
   */
  public static @Nullable Path hostsDirectory(@Nullable Path named, @Nullable Path config)
      throws CommandException {
    if (named == null) {
      try {
        MorselConfig loaded =
            config == null ? MorselConfig.loadDefaultFile() : MorselConfig.load(config);
        return loaded.hostsDirectory();
      } catch (ConfigException invalid) {
        throw CommandException.failed(String.valueOf(invalid.getMessage()), invalid);
      }
    }
    if (!Files.isDirectory(named)) {
      throw CommandException.usage("--hosts-dir: '" + named + "' is no directory");
    }
    return named.toAbsolutePath();
  }

  /**
   * A client with the credentials of the user's Docker configuration, and mirrors as Morsel's
   * configuration has them.
   *
   * @param version this program's version, for the User-Agent header
   * @param plainHttpHosts the registries to talk to without TLS, beside those on loopback
   * @param listener told what is transferred
   * @throws CommandException if the configuration is not valid
   */
  public static RegistryClient client(
      String version, Set<String> plainHttpHosts, TransferListener listener)
      throws CommandException {
    return client(version, plainHttpHosts, hostsDirectory(null, null), listener);
  }

  /**
   * A client with the credentials of the user's Docker configuration.
   *
   * @param version this program's version, for the User-Agent header
   * @param plainHttpHosts the registries to talk to without TLS, beside those on loopback
   * @param hostsDirectory where the mirrors of registries are configured; null for nowhere
   * @param listener told what is transferred
   */
  public static RegistryClient client(
      String version,
      Set<String> plainHttpHosts,
      @Nullable Path hostsDirectory,
      TransferListener listener) {
    return new RegistryClient(
        RegistrySettings.defaults(version)
            .withPlainHttpHosts(plainHttpHosts)
            .withHostsDirectory(hostsDirectory),
        DockerConfigCredentials.fromEnvironment(),
        listener);
  }

  /**
   * An image in a registry, or in a layout as {@code oci:DIRECTORY[:TAG]}.
   *
   * @throws CommandException with exit code 2 if the name is malformed
   */
  public static ImageSource source(RegistryClient client, String name) throws CommandException {
    try {
      return client.source(name);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage(String.valueOf(malformed.getMessage()));
    }
  }

  /**
   * A place for an image in a registry, or in a layout as {@code oci:DIRECTORY[:TAG]}.
   *
   * @throws CommandException with exit code 2 if the name is malformed
   */
  public static ImageTarget target(RegistryClient client, String name) throws CommandException {
    try {
      return client.target(name);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage(String.valueOf(malformed.getMessage()));
    }
  }

  /**
   * The registry that an image's name means; none for an image in a layout.
   *
   * @throws CommandException with exit code 2 if the name is malformed
   */
  public static Set<String> registryOf(String name) throws CommandException {
    return name.startsWith("oci:") ? Set.of() : Set.of(reference(name).registry());
  }
}
