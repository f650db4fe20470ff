package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.ImagePush;
import io.morsel.cli.image.PushRequest;
import io.morsel.cli.source.Images;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel push}. */
@Command(
    name = "push",
    description = {
      "Pushes an image that a core has into a registry.",
      "",
      "Layers that were pulled lazily are copied from the registry that they came from.",
      "",
      "Credentials come from Docker's configuration: ~/.docker/config.json, or DOCKER_CONFIG.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel push registry.example/app:1",
      "  morsel push app:1 registry.example/app:stable"
    })
final class PushCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "The image: its name, or the beginning of its digest.")
  String image = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "TARGET",
      description = "Where to: [HOST[:PORT]/]NAME[:TAG]; the image's own name by default.")
  @Nullable String target;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "Push only this platform's; all that are there by default.")
  @Nullable String platform;

  @Option(
      names = "--plain-http",
      description = "Talk to the registry without TLS. Loopback addresses need no such option.")
  boolean plainHttp;

  @Option(names = "--json", description = "Print a summary as JSON, and no progress.")
  boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the image's digest only.")
  boolean quiet;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PushRequest request =
        new PushRequest(
            image, target, platform == null ? null : Images.platform(platform), plainHttp);
    try (CoreClient client = core.connect()) {
      return new ImagePush(
              client, BuildInfo.load().version(), Commands.out(spec), Commands.err(spec))
          .run(request, json, quiet);
    }
  }
}
