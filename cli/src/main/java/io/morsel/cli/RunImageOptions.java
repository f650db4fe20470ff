package io.morsel.cli;

import io.morsel.cli.run.RunRequest;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that say which image, and how it gets here. */
final class RunImageOptions {
  @Option(
      names = "--pull",
      paramLabel = "WHEN",
      description = "Pull the image always, never, or when it is missing (${DEFAULT-VALUE}).",
      defaultValue = "missing")
  RunRequest.PullPolicy pull = RunRequest.PullPolicy.MISSING;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "The platform to choose; this machine's by default.")
  @Nullable String platform;

  @Option(
      names = "--snapshotter",
      paramLabel = "NAME",
      description = "What shows the image's layers (${DEFAULT-VALUE}).",
      defaultValue = "morsel")
  String snapshotter = "morsel";

  @Option(
      names = "--plain-http",
      description = "Talk to the registry without TLS. Loopback addresses need no such option.")
  boolean plainHttp;

  @Option(
      names = "--hosts-dir",
      paramLabel = "DIR",
      description =
          "Where mirrors are configured, as HOST/hosts.toml; instead of registry.config_path of"
              + " Morsel's configuration.")
  @Nullable Path hostsDirectory;

  /**
   * The choice.
   *
   * @param config the configuration that was named, if one was
   */
  RunRequest.ImageChoice choice(String reference, @Nullable Path config) throws CommandException {
    var _ = Images.reference(reference);
    var _ = Images.platform(platform);
    return new RunRequest.ImageChoice(
        reference,
        Optional.ofNullable(platform),
        snapshotter,
        pull,
        plainHttp,
        hostsDirectory,
        config);
  }
}
