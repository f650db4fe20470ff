package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which core a command talks to, and in which namespace. */
final class CoreOptions {
  static final String DEFAULT_ADDRESS = "/run/morsel/core.sock";

  @Option(
      names = "--address",
      paramLabel = "SOCKET",
      description =
          "The socket of a Morsel core or of containerd; CONTAINERD_ADDRESS or "
              + DEFAULT_ADDRESS
              + " by default.",
      defaultValue = "${env:CONTAINERD_ADDRESS:-" + DEFAULT_ADDRESS + "}")
  Path address = Path.of(DEFAULT_ADDRESS);

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "The namespace to work in; CONTAINERD_NAMESPACE or 'default' by default.",
      defaultValue = "${env:CONTAINERD_NAMESPACE:-default}")
  String namespace = "default";

  /** Connects to the core. */
  CoreClient connect() throws CommandException {
    if (namespace.isBlank()) {
      throw CommandException.usage("the namespace is empty");
    }
    return CoreClient.connect(address, namespace);
  }
}
