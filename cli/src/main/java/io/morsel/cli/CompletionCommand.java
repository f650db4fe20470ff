package io.morsel.cli;

import io.morsel.cli.complete.CompletionScript;
import io.morsel.cli.terminal.ExitCode;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel completion}. */
@Command(
    name = "completion",
    description = {
      "Prints a script by which a shell completes morsel's command lines.",
      "",
      "Names of containers, images and namespaces come from the core that the line names; where there"
          + " is none, none are offered.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  source <(morsel completion bash)",
      "  morsel completion bash > /etc/bash_completion.d/morsel",
      "  source <(morsel completion zsh)"
    })
final class CompletionCommand implements Callable<Integer> {
  /** The shells whose completion is known. */
  enum Shell {
    /** GNU's. */
    BASH,
    /** Z shell. */
    ZSH
  }

  @Parameters(index = "0", paramLabel = "SHELL", description = "bash or zsh.")
  Shell shell = Shell.BASH;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    CommandLine morsel = Objects.requireNonNull(spec, "picocli fills it in").root().commandLine();
    Commands.out(spec)
        .print(
            shell == Shell.ZSH
                ? CompletionScript.zsh(morsel, MorselCommand.WITH_FOREIGN_WORDS)
                : CompletionScript.bash(morsel, MorselCommand.WITH_FOREIGN_WORDS));
    return ExitCode.OK;
  }
}
