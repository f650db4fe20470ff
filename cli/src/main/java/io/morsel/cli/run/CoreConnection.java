package io.morsel.cli.run;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.Core;
import io.morsel.runtime.CoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The connection to the core that a container runs in, and the core itself where it is here. */
final class CoreConnection implements AutoCloseable {
  private final Optional<Core> embedded;
  private final CoreClient client;

  private CoreConnection(Optional<Core> embedded, CoreClient client) {
    this.embedded = embedded;
    this.client = client;
  }

  /**
   * Connects, and starts the core before where that is asked for.
   *
   * @throws CommandException if it can't be connected to, or can't be started
   */
  static CoreConnection open(CoreChoice choice, String namespace) throws CommandException {
    // No switch over types: the virtual machine spins a class for each, which no recording keeps.
    if (choice instanceof CoreChoice.Embedded(CoreSettings settings)) {
      Core core = start(settings);
      boolean connected = false;
      try {
        CoreClient client = CoreClient.connect(settings.address(), namespace);
        connected = true;
        return new CoreConnection(Optional.of(core), client);
      } finally {
        if (!connected) {
          core.close();
        }
      }
    }
    Path socket = ((CoreChoice.Listening) choice).socket();
    return new CoreConnection(Optional.empty(), CoreClient.connect(socket, namespace));
  }

  private static Core start(CoreSettings settings) throws CommandException {
    try {
      Files.createDirectories(settings.state());
      return Core.start(settings);
    } catch (IOException e) {
      throw CommandException.failed(
          "can't start a core on "
              + settings.root()
              + ": "
              + e.getMessage()
              + "; if another 'morsel run' uses it, start 'morsel core', which both can share, or"
              + " name another --root",
          e);
    }
  }

  CoreClient client() {
    return client;
  }

  /** Whether the core ends with this process. */
  boolean isEmbedded() {
    return embedded.isPresent();
  }

  /** Ends the connection, and the core where it is here. */
  @Override
  public void close() {
    client.close();
    embedded.ifPresent(Core::close);
  }
}
