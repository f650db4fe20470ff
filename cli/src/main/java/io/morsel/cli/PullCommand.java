package io.morsel.cli;

import io.morsel.cli.pull.PullJob;
import io.morsel.cli.pull.PullRequest;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel pull}. */
@Command(
    name = "pull",
    description = {
      "Pulls an image into containerd, lazily where image and snapshotter permit.",
      "",
      "Credentials come from Docker's configuration: ~/.docker/config.json, or DOCKER_CONFIG.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel pull registry.example/app:1",
      "  morsel pull --snapshotter overlayfs python:3.13-slim",
      "  morsel pull --json localhost:5000/app:1 | jq .layers"
    })
final class PullCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "The image: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  String reference = "";

  @Option(
      names = {"-a", "--address"},
      paramLabel = "SOCKET",
      description = "containerd's socket; CONTAINERD_ADDRESS or ${DEFAULT-VALUE} by default.",
      defaultValue = "${env:CONTAINERD_ADDRESS:-/run/containerd/containerd.sock}")
  Path address = Path.of("/run/containerd/containerd.sock");

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "containerd's namespace; CONTAINERD_NAMESPACE or 'default' by default.",
      defaultValue = "${env:CONTAINERD_NAMESPACE:-default}")
  String namespace = "default";

  @Option(
      names = "--snapshotter",
      paramLabel = "NAME",
      description = "The snapshotter, as containerd's configuration names it (${DEFAULT-VALUE}).",
      defaultValue = "morsel")
  String snapshotter = "morsel";

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "The platform to pull for; this machine's by default.")
  @Nullable String platform;

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

  @Option(
      names = "--no-lazy",
      description = "Fetch and unpack every layer now, whatever the snapshotter could do.")
  boolean noLazy;

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "A label for the image in containerd; may be given again.")
  Map<String, String> labels = new LinkedHashMap<>();

  @Option(names = "--json", description = "Print a summary as JSON, and no progress.")
  boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the image's digest only.")
  boolean quiet;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (labels.containsKey("") || namespace.isBlank() || snapshotter.isBlank()) {
      throw CommandException.usage("a label's key, a namespace or a snapshotter is empty");
    }
    PullRequest request =
        new PullRequest(
            Images.reference(reference),
            Images.platform(platform),
            address,
            namespace,
            snapshotter,
            plainHttp,
            Images.hostsDirectory(hostsDirectory, null),
            !noLazy,
            labels);
    return new PullJob(request, BuildInfo.load().version(), Commands.out(spec), Commands.err(spec))
        .run(json, quiet);
  }
}
