package io.morsel.cli;

import io.morsel.cli.container.Exec;
import io.morsel.cli.container.ExecRequest;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel exec}. */
@Command(
    name = "exec",
    description = {
      "Runs a command in a running container.",
      "",
      "Its exit code becomes this command's. Signals are passed on to it.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel exec web ls -l /srv",
      "  morsel exec -it web sh",
      "  morsel exec -i db psql < dump.sql",
      "  morsel exec -u 1000:1000 -w /tmp -e DEBUG=1 web env"
    })
final class ExecCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "ID",
      description = "The container: its identifier, or what that begins with.")
  String name = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "COMMAND",
      description = "The program and its arguments.")
  List<String> command = List.of();

  @Option(
      names = {"-i", "--interactive"},
      description = "Give the command this one's standard input.")
  boolean interactive;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal.")
  boolean terminal;

  @Option(
      names = {"-d", "--detach"},
      description = "Leave it alone once it runs; its output is lost.")
  boolean detached;

  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME[=VALUE]",
      description = "A variable of its environment; may be given again.")
  List<String> environment = new ArrayList<>();

  @Option(
      names = {"-w", "--workdir"},
      paramLabel = "DIR",
      description = "Where it starts; where the container's first process did by default.")
  @Nullable String directory;

  @Option(
      names = {"-u", "--user"},
      paramLabel = "USER[:GROUP]",
      description = "Who it is; the container's user by default.")
  @Nullable String user;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    // As kubectl wants it: what follows is the command, whatever it looks like.
    List<String> words =
        command.getFirst().equals("--") ? command.subList(1, command.size()) : command;
    if (words.isEmpty()) {
      throw CommandException.usage("a command is missing");
    }
    if (detached && (interactive || terminal)) {
      throw CommandException.usage("--detach goes neither with --interactive nor with --tty");
    }
    ExecRequest request =
        new ExecRequest(name, words, interactive, terminal, detached, environment, directory, user);
    try (CoreClient client = core.connect()) {
      return Exec.run(client, request);
    }
  }
}
