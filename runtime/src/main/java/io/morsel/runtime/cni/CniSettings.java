package io.morsel.runtime.cni;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where networks are configured and kept.
 *
 * @param configurations the directory whose first configuration is the machine's network
 * @param plugins the directories of the plugins
 * @param attachments what is known of containers in networks; outlives a restart of the machine, as
 *     the addresses do that plugins have given away
 * @param namespaces where network namespaces are mounted
 * @param limit how long one plugin may run
 */
public record CniSettings(
    Path configurations, List<Path> plugins, Path attachments, Path namespaces, Duration limit) {
  private static final List<Path> PLUGINS =
      List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"), Path.of("/usr/libexec/cni"));

  /** Copies the directories. */
  public CniSettings {
    plugins = List.copyOf(plugins);
  }

  /**
   * The usual places, which {@code NETCONFPATH} and {@code CNI_PATH} change as they do for other
   * programs.
   */
  static CniSettings standard(Map<String, String> environment) {
    String path = environment.getOrDefault("CNI_PATH", "");
    return new CniSettings(
        Path.of(environment.getOrDefault("NETCONFPATH", "/etc/cni/net.d")),
        path.isEmpty() ? PLUGINS : Stream.of(path.split(":", -1)).map(Path::of).toList(),
        Path.of("/var/lib/morsel/cni"),
        Path.of("/run/netns"),
        Duration.ofMinutes(1));
  }
}
