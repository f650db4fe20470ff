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

/** {@code morsel kill}. */
@Command(
    name = "kill",
    description = {"Sends containers a signal.", ""},
    footer = {
      "",
      "Examples:",
      "  morsel kill web",
      "  morsel kill -s HUP web",
      "  morsel kill --all -s KILL web"
    })
final class KillCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "ID",
      description = "Containers: identifiers, or what they begin with.")
  List<String> names = List.of();

  @Option(
      names = {"-s", "--signal"},
      paramLabel = "SIGNAL",
      description = "The signal, by name or number (${DEFAULT-VALUE}).",
      defaultValue = "KILL")
  String signal = "KILL";

  @Option(
      names = {"-a", "--all"},
      description = "Send it to every process of a container, not only to the first.")
  boolean all;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    int number = Lifecycle.signal(signal);
    try (CoreClient client = core.connect()) {
      Lifecycle lifecycle = new Lifecycle(client);
      return Each.of(
          names,
          Commands.err(spec),
          Commands.prefix(spec),
          name -> {
            lifecycle.kill(name, number, all);
            Commands.out(spec).println(name);
          });
    }
  }
}
