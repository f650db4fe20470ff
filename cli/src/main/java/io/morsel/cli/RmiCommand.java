package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.ImageChanges;
import io.morsel.cli.terminal.Each;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel rmi}. */
@Command(
    name = "rmi",
    description = {
      "Removes images. Content and snapshots that nothing needs any more are collected.",
      ""
    },
    footer = {"", "Examples:", "  morsel rmi app:1", "  morsel rmi --sync $(morsel images -q)"})
final class RmiCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "REF",
      description = "Images: names, or beginnings of digests.")
  List<String> names = List.of();

  @Option(names = "--sync", description = "Return when everything is collected.")
  boolean sync;

  @Option(
      names = {"-f", "--force"},
      description = "Remove images that containers were made of, too.")
  boolean force;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      ImageChanges images = new ImageChanges(client);
      return Each.of(
          names,
          Commands.err(spec),
          Commands.prefix(spec),
          name -> {
            images.remove(name, force, sync);
            Commands.out(spec).println(name);
          });
    }
  }
}
