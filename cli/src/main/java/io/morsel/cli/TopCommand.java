package io.morsel.cli;

import io.morsel.cli.container.Top;
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

/** {@code morsel top}. */
@Command(
    name = "top",
    description = {
      "Lists the processes of a container, as the host sees them.",
      "",
      "With options of ps(1), ps says what is printed; its output has to have the column PID.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel top web",
      "  morsel top web -eo pid,user,wchan,args",
      "  morsel top --json web"
    })
final class TopCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its identifier, or what that begins with.")
  String name = "";

  @Parameters(index = "1..*", paramLabel = "PS-OPTION", description = "Options of ps(1).")
  List<String> options = List.of();

  @Option(names = "--json", description = "Print JSON; not with options of ps(1).")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      return new Top(client, Commands.out(spec)).run(name, options, json);
    }
  }
}
