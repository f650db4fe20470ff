package io.morsel.cli;

import io.morsel.cli.container.ContainerList;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.ListRequest;
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
  @Mixin ListOptions list = new ListOptions();

  @Option(
      names = {"-a", "--all"},
      description = "List containers that don't run, too.")
  boolean all;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ListRequest request = list.request(ContainerList.FILTERS);
    try (CoreClient client = core.connect()) {
      return new ContainerList(client, Commands.out(spec)).run(request, all);
    }
  }
}
