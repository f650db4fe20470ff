package io.morsel.cli;

import io.morsel.cli.run.RunSyntax;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.oci.ContainerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that are about the container's process. */
final class RunProcessOptions {
  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME=VALUE",
      description =
          "A variable of the environment; NAME alone takes this command's value. May be given"
              + " again.")
  List<String> env = new ArrayList<>();

  @Option(
      names = "--env-file",
      paramLabel = "FILE",
      description = "A file of such variables, one a line; may be given again.")
  List<Path> envFiles = new ArrayList<>();

  @Option(
      names = {"-u", "--user"},
      paramLabel = "USER[:GROUP]",
      description = "Who runs it, by names or numbers; who the image says by default.")
  @Nullable String user;

  @Option(
      names = {"-w", "--workdir", "--cwd"},
      paramLabel = "DIR",
      description = "Where it starts; where the image says by default.")
  @Nullable String workingDir;

  @Option(
      names = "--entrypoint",
      paramLabel = "PROGRAM",
      description = "Instead of the image's entrypoint; the image's command is then not used.")
  @Nullable String entrypoint;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal.")
  boolean terminal;

  @Option(
      names = {"-i", "--interactive"},
      description = "Let it read this command's standard input.")
  boolean interactive;

  ContainerOptions.ProcessOptions options(List<String> command)
      throws CommandException, IOException {
    return new ContainerOptions.ProcessOptions(
        Optional.ofNullable(entrypoint).map(each -> each.isEmpty() ? List.of() : List.of(each)),
        command,
        RunSyntax.environment(envFiles, env, System.getenv()),
        Optional.ofNullable(workingDir),
        Optional.ofNullable(user),
        terminal);
  }
}
