package io.morsel.cli;

import io.morsel.cli.container.Attach;
import io.morsel.cli.core.CoreClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code morsel attach}. */
@Command(
    name = "attach",
    description = {
      "Joins this terminal with a container that runs already.",
      "",
      "It shows what the container writes from now on, passes on what it reads and the signals that"
          + " this command gets, and ends with its exit code. Ctrl-P, Ctrl-Q leaves a container that"
          + " has a terminal and input, and lets it run.",
      ""
    },
    footer = {
      "",
      "That takes a container whose streams are FIFOs, as 'morsel run -d -t' and 'ctr run -d' make"
          + " them; one whose output goes into a file is shown by 'morsel logs -f'.",
      "",
      "Examples:",
      "  morsel run -d -it --name box registry.example/app:1 sh",
      "  morsel attach box"
    })
final class AttachCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its identifier, or what that begins with.")
  String name = "";

  @Option(names = "--no-stdin", description = "Only look: pass no input on.")
  boolean noInput;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      return Attach.run(client, name, !noInput);
    }
  }
}
