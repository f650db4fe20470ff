package io.morsel.cli.source;

import io.morsel.cli.terminal.CommandException;
import io.morsel.registry.Credentials;
import io.morsel.registry.ImageReference;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistrySettings;
import io.morsel.registry.TransferListener;
import java.io.IOException;
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
   * A client for the reference's registry, with the credentials of the user's Docker configuration.
   *
   * @param version this program's version, for the User-Agent header
   * @param plainHttp whether to talk to the registry without TLS
   * @throws IOException if the Docker configuration can't be read
   */
  public static RegistryClient client(
      ImageReference reference, String version, boolean plainHttp, TransferListener listener)
      throws IOException {
    RegistrySettings settings = RegistrySettings.defaults(version);
    if (plainHttp) {
      settings = settings.withPlainHttpHosts(Set.of(reference.registry()));
    }
    return new RegistryClient(settings, Credentials.anonymous(), listener);
  }
}
