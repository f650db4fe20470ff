package io.morsel.cli;

import io.morsel.cli.inspect.InspectJob;
import io.morsel.cli.source.Images;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel inspect}. */
@Command(
    name = "inspect",
    description = {
      "Shows what an image's layers are, and which of them Morsel would load lazily.",
      "",
      "Reads a few kilobytes of each layer. An image may also lie in a directory, as an OCI image"
          + " layout.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel inspect registry.example/app:1",
      "  morsel inspect --layer 4f4fb700ef54 --files registry.example/app:1",
      "  morsel inspect --json oci:build/image:latest | jq '.layers[] | select(.lazy | not)'"
    })
final class InspectCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "The image: [HOST[:PORT]/]NAME[:TAG][@DIGEST], or oci:DIRECTORY[:TAG].")
  String reference = "";

  @Option(
      names = "--layer",
      paramLabel = "DIGEST",
      description = "Look at this layer only; the digest's first characters will do.")
  @Nullable String layer;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "The platform to choose from an index; this machine's by default.")
  @Nullable String platform;

  @Option(
      names = "--plain-http",
      description = "Talk to the registry without TLS. Loopback addresses need no such option.")
  boolean plainHttp;

  @Option(names = "--files", description = "List the files of layers with a TOC.")
  boolean files;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    return new InspectJob(BuildInfo.load().version(), Commands.out(spec))
        .run(
            new InspectJob.Options(
                reference, layer, Images.platform(platform), plainHttp, json, files));
  }
}
