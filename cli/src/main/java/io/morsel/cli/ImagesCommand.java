package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.ListRequest;
import io.morsel.cli.image.ImageList;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel images}. */
@Command(
    name = "images",
    description = {
      "Lists the images that a core has.",
      "",
      "LAZY says how many layers are fetched while they are read, and how much of those is there.",
      ""
    },
    footer = {
      "",
      "Filters: reference=PATTERN, label=NAME[=VALUE].",
      "",
      "Examples:",
      "  morsel images",
      "  morsel images --filter 'reference=registry.example/*'",
      "  morsel images --json app:1 | jq '.[].unpacked'"
    })
final class ImagesCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();
  @Mixin ListOptions list = new ListOptions();

  @Parameters(arity = "0..1", paramLabel = "REF", description = "List this image only.")
  @Nullable String name;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ListRequest request = list.request(ImageList.FILTERS);
    try (CoreClient client = core.connect()) {
      return new ImageList(client, Commands.out(spec)).run(request, name == null ? "" : name);
    }
  }
}
