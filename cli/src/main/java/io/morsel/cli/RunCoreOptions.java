package io.morsel.cli;

import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.CoreSettings;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that say which core a container runs in. */
final class RunCoreOptions {
  @Option(
      names = {"-a", "--address"},
      paramLabel = "SOCKET",
      description =
          "The socket of a running core, or of containerd; CONTAINERD_ADDRESS by default, see"
              + " above.")
  @Nullable Path address;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "containerd's namespace; CONTAINERD_NAMESPACE or 'default' by default.",
      defaultValue = "${env:CONTAINERD_NAMESPACE:-default}")
  String namespace = "default";

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "Run in this command, and keep what outlives it there; /var/lib/morsel/core by"
              + " default.")
  @Nullable Path root;

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description =
          "Run in this command, and keep there what does not outlive a restart of the machine;"
              + " /run/morsel/core by default.")
  @Nullable Path state;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "The configuration of lazy snapshots where this command has to run the core;"
              + " /etc/morsel/config.toml, if it is there, by default.")
  @Nullable Path config;

  /**
   * The core to use.
   *
   * @param hostsDirectory where the mirrors of registries are configured, for a core in this
   *     command; null for where the configuration says
   */
  CoreChoice choice(@Nullable Path hostsDirectory) throws CommandException {
    if (address != null) {
      if (root != null || state != null || config != null) {
        throw CommandException.usage(
            "--root, --state and --config are those of a core in this command, --address names"
                + " another one");
      }
      return new CoreChoice.Listening(address.toAbsolutePath());
    }
    if (root == null && state == null) {
      String usual = System.getenv("CONTAINERD_ADDRESS");
      if (usual != null && !usual.isEmpty()) {
        return new CoreChoice.Listening(Path.of(usual));
      }
      if (Files.exists(CoreSettings.DEFAULT_ADDRESS)) {
        return new CoreChoice.Listening(CoreSettings.DEFAULT_ADDRESS);
      }
    }
    Path effective = absolute(state, CoreSettings.DEFAULT_STATE);
    BuildInfo build = BuildInfo.load();
    return new CoreChoice.Embedded(
        new CoreSettings(
            absolute(root, CoreSettings.DEFAULT_ROOT),
            effective,
            effective.resolve("run-" + ProcessHandle.current().pid() + ".sock"),
            configuration(hostsDirectory),
            build.version(),
            build.commit()));
  }

  private MorselConfig configuration(@Nullable Path hostsDirectory) throws CommandException {
    MorselConfig loaded = Configurations.load(config);
    if (hostsDirectory == null) {
      return loaded;
    }
    String hosts = String.valueOf(Images.hostsDirectory(hostsDirectory, config));
    return loaded.with(ConfigKeys.REGISTRY_CONFIG_PATH, hosts);
  }

  private static Path absolute(@Nullable Path given, Path otherwise) {
    return given == null ? otherwise : given.toAbsolutePath().normalize();
  }
}
