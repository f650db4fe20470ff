package io.morsel.cli;

import io.morsel.cli.container.Logs;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel logs}. */
@Command(
    name = "logs",
    description = {
      "Prints what a container has written, where its output goes into a file, as that of 'morsel run -d' does.",
      ""
    },
    footer = {"", "Examples:", "  morsel logs web", "  morsel logs -f --tail 100 web"})
final class LogsCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its identifier, or what that begins with.")
  String name = "";

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what is written, until the container ends.")
  boolean follow;

  @Option(
      names = {"--tail"},
      paramLabel = "LINES",
      description = "Begin so many lines before the end; everything by default.")
  @Nullable Long lines;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (lines != null && lines < 0) {
      throw CommandException.usage("--tail is negative");
    }
    try (CoreClient client = core.connect();
        OutputStream out = new FileOutputStream(FileDescriptor.out)) {
      new Logs(client, out).print(name, lines == null ? -1 : lines, follow);
    }
    return ExitCode.OK;
  }
}
