package io.morsel.cli;

import io.morsel.cli.container.Lifecycle;
import io.morsel.cli.core.CoreClient;
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

/** {@code morsel rm}. */
@Command(
    name = "rm",
    description = {"Removes containers, with their snapshots, networks and logs.", ""},
    footer = {"", "Examples:", "  morsel rm web", "  morsel rm -f $(morsel ps -aq)"})
final class RmCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "ID",
      description = "Containers: identifiers, or what they begin with.")
  List<String> names = List.of();

  @Option(
      names = {"-f", "--force"},
      description = "Kill those that run.")
  boolean force;

  @Option(
      names = {"-v", "--volumes"},
      description = "Accepted for those who are used to it: there are no volumes to remove.")
  boolean volumes;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      Lifecycle lifecycle = new Lifecycle(client);
      return Each.of(
          names,
          Commands.err(spec),
          Commands.prefix(spec),
          name -> {
            lifecycle.remove(name, force);
            Commands.out(spec).println(name);
          });
    }
  }
}
