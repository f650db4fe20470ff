package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.describe.Description;
import io.morsel.cli.inspect.InspectJob;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Each;
import io.morsel.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel inspect}. */
@Command(
    name = "inspect",
    customSynopsis = {
      "morsel inspect [OPTION...] REF",
      "       morsel inspect [OPTION...] container ID...",
      "       morsel inspect [OPTION...] image REF..."
    },
    description = {
      "Shows what an image's layers are, and which of them Morsel would load lazily; or what a core"
          + " knows of a container or of an image that it has, as JSON.",
      "",
      "Of an image in a registry, or in a directory as an OCI image layout, a few kilobytes of each"
          + " layer are read. What has exactly a container's identifier is taken for the container.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel inspect registry.example/app:1",
      "  morsel inspect --layer 4f4fb700ef54 --files registry.example/app:1",
      "  morsel inspect --json oci:build/image:latest | jq '.layers[] | select(.lazy | not)'",
      "  morsel inspect container web | jq .spec.process.env",
      "  morsel inspect image app:1 | jq .config.config"
    })
final class InspectCommand implements Callable<Integer> {
  private static final String CONTAINER = "container";
  private static final String IMAGE = "image";

  /** Whatever else is given can be no container's identifier. */
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z0-9]+([._-][A-Za-z0-9]+)*");

  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "NAME",
      description =
          "An image: [HOST[:PORT]/]NAME[:TAG][@DIGEST], or oci:DIRECTORY[:TAG]; or a container's"
              + " identifier.")
  List<String> names = List.of();

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
    String first = names.getFirst();
    if (names.size() > 1) {
      if (!first.equals(CONTAINER) && !first.equals(IMAGE)) {
        throw CommandException.usage(
            "only containers and images of a core are inspected several at once: 'morsel inspect"
                + " container ID...', 'morsel inspect image REF...'");
      }
      return describe(first, names.subList(1, names.size()));
    }
    if (layer == null && !files && describeContainer(first)) {
      return ExitCode.OK;
    }
    return new InspectJob(BuildInfo.load().version(), Commands.out(spec))
        .run(
            new InspectJob.Options(
                first, layer, Images.platform(platform), plainHttp, json, files));
  }

  private int describe(String kind, List<String> wanted) throws Exception {
    try (CoreClient client = core.connect()) {
      Description description = new Description(client);
      return Each.of(
          wanted,
          Commands.err(spec),
          Commands.prefix(spec),
          name ->
              Commands.out(spec)
                  .println(
                      (kind.equals(CONTAINER)
                              ? description.container(name)
                              : description.image(name))
                          .toPrettyString()));
    }
  }

  /** Whether there is a core that has a container of that name. */
  private boolean describeContainer(String name) {
    if (!IDENTIFIER.matcher(name).matches() || !Files.exists(core.address)) {
      return false;
    }
    try (CoreClient client = core.connect()) {
      Optional<ObjectNode> container = new Description(client).containerById(name);
      container.ifPresent(each -> Commands.out(spec).println(each.toPrettyString()));
      return container.isPresent();
    } catch (CommandException unreachable) {
      // Then it is nothing of a core's.
      return false;
    }
  }
}
