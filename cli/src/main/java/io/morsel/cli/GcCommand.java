package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.GarbageCollection;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Quantity;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code morsel gc}. */
@Command(
    name = "gc",
    description = {
      "Has a core collect its garbage, and returns when it is done.",
      "",
      "Content and snapshots that no image, container or lease refers to are collected by themselves, a moment after what referred to them is removed. This is for those who don't want to wait.",
      ""
    },
    footer = {"", "Examples:", "  morsel gc"})
final class GcCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      long millis = GarbageCollection.run(client);
      Commands.out(spec).println("collected in " + Quantity.millis(millis));
    }
    return ExitCode.OK;
  }
}
