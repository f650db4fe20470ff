package io.morsel.cli;

import io.morsel.cli.container.Stats;
import io.morsel.cli.core.CoreClient;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel stats}. */
@Command(
    name = "stats",
    description = {
      "Shows what containers use: processors, memory, network, disks.",
      "",
      "MEMORY is without what the kernel would give up first, its cache of files not used lately.",
      ""
    },
    footer = {"", "Examples:", "  morsel stats", "  morsel stats --no-stream --json web"})
final class StatsCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      paramLabel = "ID",
      description = "Containers: identifiers, or what they begin with; all that run by default.")
  List<String> names = List.of();

  @Option(
      names = {"--no-stream"},
      description = "Print figures once, and not again and again.")
  boolean once;

  @Option(names = "--json", description = "Print JSON, one document each time.")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      return new Stats(client, Commands.out(spec)).run(names, once, json);
    }
  }
}
