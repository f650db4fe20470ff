package io.morsel.cli;

import io.morsel.cli.container.ContainerList;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code morsel ps}. */
@Command(
    name = "ps",
    description = {"Lists containers: those that run or, with --all, every one.", ""},
    footer = {
      "",
      "Filters: id=BEGINNING, image=REF, label=NAME[=VALUE], status=created|running|paused|exited.",
      "",
      "Examples:",
      "  morsel ps",
      "  morsel ps -a --filter status=exited",
      "  morsel ps --json | jq -r '.[].pid'"
    })
final class PsCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Option(
      names = {"-a", "--all"},
      description = "List containers that don't run, too.")
  boolean all;

  @Option(
      names = {"-f", "--filter"},
      paramLabel = "KEY=VALUE",
      description = "List those of which this holds; may be given again.")
  List<String> filters = new ArrayList<>();

  @Option(names = "--no-trunc", description = "Print identifiers and commands in full.")
  boolean whole;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print identifiers only.")
  boolean quiet;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    List<KeyValue> wanted = KeyValue.parse(filters, ContainerList.FILTERS);
    try (CoreClient client = core.connect()) {
      return new ContainerList(client, Commands.out(spec))
          .run(new ContainerList.Options(all, wanted, quiet, whole, json));
    }
  }
}
