package io.morsel.cli;

import io.morsel.cli.container.Lifecycle;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Each;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel stop}. */
@Command(
    name = "stop",
    description = {
      "Asks containers to end, and kills those that don't.",
      "",
      "The signal is the one that the image names, or SIGTERM. A container stays in 'morsel ps -a', with its exit code, until it is removed.",
      ""
    },
    footer = {"", "Examples:", "  morsel stop web", "  morsel stop --time 60 --signal SIGINT db"})
final class StopCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "ID",
      description = "Containers: identifiers, or what they begin with.")
  List<String> names = List.of();

  @Option(
      names = {"-t", "--time"},
      paramLabel = "SECONDS",
      description = "How long a container has until it is killed (${DEFAULT-VALUE}).",
      defaultValue = "10")
  int seconds = 10;

  @Option(
      names = {"-s", "--signal"},
      paramLabel = "SIGNAL",
      description = "Ask by this signal.")
  @Nullable String signal;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (seconds < 0) {
      throw CommandException.usage("--time is negative");
    }
    Optional<Integer> first =
        signal == null ? Optional.empty() : Optional.of(Lifecycle.signal(signal));
    try (CoreClient client = core.connect()) {
      Lifecycle lifecycle = new Lifecycle(client);
      return Each.of(
          names,
          Commands.err(spec),
          Commands.prefix(spec),
          name -> {
            lifecycle.stop(name, first, Duration.ofSeconds(seconds));
            Commands.out(spec).println(name);
          });
    }
  }
}
