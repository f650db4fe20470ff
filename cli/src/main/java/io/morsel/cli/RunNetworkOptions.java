package io.morsel.cli;

import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.cni.PortMapping;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that say where a container is connected to. */
final class RunNetworkOptions {
  /** The networks by the names that the command line has for them. */
  enum Net {
    /** Loopback only. */
    NONE,
    /** The machine's CNI network. */
    BRIDGE,
    /** The machine's own. */
    HOST
  }

  @Option(
      names = {"--net", "--network"},
      paramLabel = "NET",
      description = "none, bridge or host, see below; none by default.")
  @Nullable Net net;

  @Option(names = "--net-host", description = "The same as --net host.")
  boolean netHost;

  @Option(
      names = {"-p", "--publish"},
      paramLabel = "[ADDR:]PORT:PORT[/PROTO]",
      description =
          "A port of the machine that leads into the container; may be given again. Means --net"
              + " bridge.")
  List<String> ports = new ArrayList<>();

  /** The choice. */
  NetworkChoice choice() throws CommandException {
    List<PortMapping> mappings = new ArrayList<>();
    for (String port : ports) {
      try {
        mappings.add(PortMapping.parse(port));
      } catch (IllegalArgumentException malformed) {
        throw CommandException.usage(String.valueOf(malformed.getMessage()));
      }
    }
    Net byDefault = netHost ? Net.HOST : mappings.isEmpty() ? Net.NONE : Net.BRIDGE;
    Net chosen = net == null ? byDefault : net;
    if (netHost && chosen != Net.HOST) {
      throw CommandException.usage("--net-host and --net exclude each other");
    }
    if (!mappings.isEmpty() && chosen != Net.BRIDGE) {
      throw CommandException.usage("--publish needs --net bridge");
    }
    return switch (chosen) {
      case NONE -> new NetworkChoice.None();
      case HOST -> new NetworkChoice.Host();
      case BRIDGE -> new NetworkChoice.Bridge(mappings);
    };
  }
}
